"""Installs polyak from its build tree, moves what was installed, and builds the example with it."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from polyak_runner import last_four  # noqa: E402

BUILD = pathlib.Path(os.environ["POLYAK_BUILD"])
SOURCE = pathlib.Path(os.environ["POLYAK_SOURCE"])
CMAKE = os.environ["POLYAK_CMAKE"]
COMPILER = os.environ["POLYAK_COMPILER"]
FLAGS = os.environ["POLYAK_COMPILER_FLAGS"]


def run(*command, status=0, **options):
    """Standard output of a command that must end with this status."""
    done = subprocess.run([os.fspath(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=250,
                          **options)
    if done.returncode != status:
        raise AssertionError(f"{command} ended with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def cmake_example(folder, build, prefix, *options):
    """Configures a project against the installed package."""
    return (CMAKE, "-S", folder, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_FLAGS={FLAGS}", *options)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run(CMAKE, "--install", BUILD, "--prefix", "/opt/polyak",
            env={**os.environ, "DESTDIR": str(cls.folder / "staged")})
        cls.prefix = cls.folder / "moved to here"  # a space is a path's good right
        shutil.move(cls.folder / "staged/opt/polyak", cls.prefix)
        example = shutil.copytree(SOURCE / "examples/average", cls.folder / "example")
        run(*cmake_example(example, cls.folder / "build", cls.prefix))
        run(CMAKE, "--build", cls.folder / "build")
        cls.average = cls.folder / "build/average"

    def polyak(self, *arguments):
        return run(self.prefix / "bin/polyak", *arguments)

    def compare_with_the_command(self, suffix):
        theirs = self.folder / f"theirs.{suffix}"
        ours = self.folder / f"ours.{suffix}"
        printed = run(self.average, theirs, *last_four(suffix))
        self.polyak("average", *last_four(suffix), "-o", ours, "-q")
        self.assertEqual(theirs.read_bytes(), ours.read_bytes())
        self.assertEqual(printed, "".join(f"0.25 {path}\n" for path in last_four(suffix)))

    def test_example_writes_what_the_command_writes(self):
        self.compare_with_the_command("onnx")
        self.assertIn("made by polyak 0.", self.polyak("inspect", self.folder / "theirs.onnx"))

    def test_example_reads_hdf5_with_the_installed_helper(self):
        self.compare_with_the_command("h5")

    def test_a_program_that_knows_no_helper_is_told_where_it_was_looked_for(self):
        """The library looks beside the running program, not where it was installed itself."""
        other = self.folder / "other"
        run(*cmake_example(self.folder / "example", other, self.prefix,
                           "-DCMAKE_PROJECT_average_INCLUDE=" + str(self.no_helper())))
        run(CMAKE, "--build", other)
        message = run(other / "average", self.folder / "no.h5", *last_four("h5"), status=1)
        self.assertIn(f"'{other / 'polyak-hdf5'}'", message)
        self.assertIn(f"'{self.folder / 'libexec/polyak/polyak-hdf5'}'", message)
        self.assertFalse((self.folder / "no.h5").exists())
        shutil.copy(self.prefix / "libexec/polyak/polyak-hdf5", other)
        run(other / "average", self.folder / "yes.h5", *last_four("h5"))

    def no_helper(self):
        path = self.folder / "no_helper.cmake"
        path.write_text("cmake_language(DEFER CALL set_property TARGET average PROPERTY "
                        "COMPILE_DEFINITIONS POLYAK_HDF5_HELPER=\"\")\n")
        return path

    def test_pkg_config_is_enough_to_build_with(self):
        environment = {**os.environ,
                       "PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig")}
        pkg_config = ["pkg-config", "--define-prefix", "polyak"]
        helper = run(*pkg_config, "--variable=hdf5_helper", env=environment).strip()
        self.assertTrue(os.access(helper.replace("\\ ", " "), os.X_OK), helper)
        program = self.folder / "with_pkg_config"
        run("sh", "-c", f'eval "$1 -std=c++20 {FLAGS} -O0 $2 -o \\"$3\\" $(pkg-config --cflags '
            '--libs polyak)"', "sh", COMPILER,
            f"-DPOLYAK_HDF5_HELPER='\"\"' {SOURCE}/examples/average/average.cc", program,
            env=environment)
        run(program, self.folder / "by_pkg_config.onnx", *last_four())

    def test_another_minor_version_is_refused(self):
        project = self.folder / "newer"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(newer LANGUAGES CXX)\n"
            "find_package(polyak 99.9 REQUIRED CONFIG)\n")
        message = run(*cmake_example(project, self.folder / "newer_build", self.prefix), status=1)
        self.assertIn('compatible with requested version "99.9"', " ".join(message.split()))

    def test_nothing_installed_names_the_source_or_the_build(self):
        names = [os.fsencode(BUILD), os.fsencode(SOURCE), b"/opt/polyak"]
        for path in self.prefix.rglob("*"):
            is_program = path.suffix == ".a" or path.parent.name in ("bin", "libexec", "polyak")
            if not path.is_file() or (is_program and path.suffix not in (".cmake", ".h")):
                continue  # debugging information of programs does
            for name in names:
                self.assertNotIn(name, path.read_bytes(), path)

    def test_everything_lies_where_the_system_looks_for_it(self):
        for name in ("bin/polyak", "libexec/polyak/polyak-hdf5", "lib/libpolyak.a",
                     "lib/cmake/polyak/polyakConfigVersion.cmake", "include/polyak/polyak.h",
                     "share/man/man1/polyak.1", "share/man/man1/polyak-average.1",
                     "share/bash-completion/completions/polyak",
                     "share/zsh/site-functions/_polyak",
                     "share/fish/vendor_completions.d/polyak.fish",
                     "share/doc/polyak/LICENSE", "share/doc/polyak/README.md"):
            self.assertTrue((self.prefix / name).is_file(), name)
        for schema in (SOURCE / "schema").glob("*.json"):
            installed = self.prefix / "share/polyak/schema" / schema.name
            self.assertEqual(json.loads(installed.read_text()), json.loads(schema.read_text()))

    def test_no_header_is_installed_that_the_front_doors_do_not_need(self):
        headers = {path.relative_to(self.prefix / "include/polyak").as_posix()
                   for path in (self.prefix / "include").rglob("*.h")}
        self.assertIn("core/error.h", headers)
        self.assertFalse({name for name in headers if name.startswith(("io/", "arithmetic/kernel",
                                                                  "arithmetic/exact"))})


if __name__ == "__main__":
    unittest.main()
