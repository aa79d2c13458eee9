"""The program as it runs: confined in time, in all its processes, and able to do its work in every
arrangement of folders and links."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import onnx

import onnx_models
from float_rounding import FLOAT32
from polyak_runner import POLYAK, FolderTest, digits, need_program, run


def fields_of_status(process):
    text = pathlib.Path(f"/proc/{process}/status").read_text()
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.MULTILINE))


def children_of(process):
    return [int(child) for child in
            pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class Traced(FolderTest):
    def setUp(self):
        need_program("strace")
        super().setUp()
        self.out = self.folder / "out"

    def trace(self, *arguments, options=()):
        """(result, {process: lines of its calls})"""
        log = self.folder / "log"
        done = subprocess.run(["strace", "-f", "-qq", "-o", log, *options, POLYAK, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        calls = {}
        for line in log.read_text(errors="replace").splitlines():
            process, call = line.split(maxsplit=1)
            calls.setdefault(process, []).append(call)
        return done, calls

    def first(self, calls, start):
        return next((i for i, call in enumerate(calls) if re.match(start, call)), None)


class Confinement(Traced):
    def check_order(self, calls, before):
        landlock = self.first(calls, r"landlock_restrict_self\(\d+, 0.*= 0|landlock_restrict_self")
        seccomp = self.first(calls, r"seccomp\(SECCOMP_SET_MODE_FILTER")
        later = self.first(calls, before)
        self.assertIsNotNone(later, before)
        self.assertIsNotNone(landlock, "no Landlock")
        self.assertIsNotNone(seccomp, "no seccomp")
        self.assertLess(max(landlock, seccomp), later)

    def test_comes_before_the_first_thread(self):
        done, calls = self.trace("average", digits(1), digits(2), "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_order(next(iter(calls.values())), r"clone3?\(.*CLONE_THREAD")

    def test_of_the_helper_comes_before_its_first_request(self):
        done, calls = self.trace("inspect", digits(1, "h5"))
        self.assertEqual(done.returncode, 0, done.stderr)
        helpers = [own for own in calls.values()
                   if any("polyak-hdf5" in call for call in own if call.startswith("execve"))]
        self.assertEqual(len(helpers), 1)
        self.check_order(helpers[0], r"recvmsg\(3")

    def test_starts_no_process_for_onnx(self):
        _, calls = self.trace("inspect", digits(1))
        self.assertEqual(len(calls), 1)

    def test_shows_in_the_processes_while_they_run(self):
        # Whoever sends a message stops: polyak in its first question to the helper.
        process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg",
             "-e", "inject=sendmsg:signal=SIGSTOP:when=1",
             POLYAK, "average", digits(1, "h5"), digits(2, "h5"), "-o", self.out, "-j", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self.assertEqual(self.confined_within(process.pid, 20), {"polyak": 1, "polyak-hdf5": 1})
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def confined_within(self, tracer, seconds):
        """How many processes of each name are confined, as soon as one of each is."""
        found = {}
        deadline = time.monotonic() + seconds
        while len(found) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
            found = {}
            processes = [p for child in children_of(tracer) for p in (child, *children_of(child))]
            for fields in map(fields_of_status, processes):
                if fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1":
                    found[fields["Name"]] = found.get(fields["Name"], 0) + 1
        return found


class SandboxOption(Traced):
    def test_off_leaves_everything_as_it_is(self):
        done, calls = self.trace("inspect", digits(1, "h5"), "--sandbox", "off")
        self.assertEqual(done.returncode, 0)
        for own in calls.values():
            self.assertIsNone(self.first(own, "landlock|seccomp"))

    def test_require_is_content_here(self):
        for suffix in ("onnx", "h5"):
            self.polyak("average", digits(1, suffix), digits(2, suffix), "-f", "-o", self.out,
                        "--sandbox", "require")

    def absent(self, call, *arguments):
        return self.trace("average", digits(1), digits(2), "-o", self.out, *arguments,
                          options=["-e", f"trace={call}", "-e", f"inject={call}:error=ENOSYS"])[0]

    def test_on_notes_what_is_absent_where_that_is_wanted(self):
        for call, name in (("landlock_create_ruleset", "Landlock"), ("seccomp", "seccomp")):
            done = self.absent(call, "-v", "-f")
            self.assertEqual((done.returncode, done.stderr),
                             (0, f"polyak: note: there is no {name} here: polyak is not confined "
                                 "by it\n"))
            done = self.absent(call, "-f")
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_require_refuses_where_it_is_absent(self):
        for call, name in (("landlock_create_ruleset", "Landlock"), ("seccomp", "seccomp")):
            done = self.absent(call, "--sandbox", "require")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"polyak: error: cannot confine itself: there is no {name}\n",
                          done.stderr)
            self.assertFalse(self.out.exists())

    def test_what_is_there_and_fails_is_an_error(self):
        for call, error, when in (("landlock_restrict_self", "E2BIG", 1),
                                  ("landlock_create_ruleset", "ENOMEM", 2),
                                  ("landlock_add_rule", "ENOMEM", 2), ("seccomp", "ENOMEM", 2),
                                  ("prctl", "EINVAL", 1)):
            done, _ = self.trace(
                "average", digits(1), digits(2), "-o", self.out,
                options=["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"])
            self.assertEqual(done.returncode, 1, call)
            self.assertIn("polyak: error: cannot confine itself: ", done.stderr)
            self.assertIn("polyak: hint: --sandbox off", done.stderr)
            self.assertFalse(self.out.exists())

    def test_a_helper_that_cannot_limit_itself_is_an_error(self):
        # The main process calls it once before, the helper's are counted apart.
        done, _ = self.trace("diff", digits(1, "h5"), digits(2, "h5"), "-j", "1", options=[
            "-e", "trace=setrlimit,prlimit64", "-e", "inject=prlimit64:error=EPERM:when=5+"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("the HDF5 helper cannot limit its own memory, time and files", done.stderr)
        self.assertNotIn("--sandbox", done.stderr)


class FoldersAndLinks(FolderTest):
    def setUp(self):
        super().setUp()
        for name in ("in", "elsewhere", "out", "reports"):
            (self.folder / name).mkdir()

    def model(self, path, value, external=None):
        tensors = [onnx_models.raw_tensor("w", FLOAT32, [value] * 1000)]
        model = onnx_models.model_of(tensors)
        if external:
            onnx.save_model(model, os.fspath(path), save_as_external_data=True, location=external,
                            size_threshold=0)
        else:
            onnx_models.save(model, path)
        return path

    def check(self, inputs, output, *options, **run_options):
        self.polyak("average", *inputs, "-o", output, "--sandbox", "require", *options,
                    **run_options)

    def test_inputs_may_be_links_into_other_folders(self):
        links = []
        for k in (1, 2):
            target = self.model(self.folder / "elsewhere" / f"{k}.onnx", k)
            links.append(self.folder / "in" / f"{k}.onnx")
            links[-1].symlink_to(target)
        self.check(links, self.folder / "out" / "a.onnx")

    def test_folders_may_be_links(self):
        paths = [self.model(self.folder / "elsewhere" / f"{k}.onnx", k) for k in (1, 2)]
        (self.folder / "linked").symlink_to("elsewhere")
        (self.folder / "linked-out").symlink_to("out")
        self.check([self.folder / "linked"], self.folder / "linked-out" / "a.onnx")
        self.assertEqual(len(paths), 2)

    def test_external_data_may_lie_where_the_models_link_leads(self):
        """As in a cache: links of a snapshot's folder lead to blobs."""
        links = []
        for k in (1, 2):
            snapshot = self.folder / "in" / str(k)
            snapshot.mkdir()
            blobs = self.folder / "elsewhere"
            self.model(snapshot / "m.onnx", k, external="m.data")
            for name in ("m.onnx", "m.data"):
                (snapshot / name).rename(blobs / f"{k}-{name}")
                (snapshot / name).symlink_to(f"../../elsewhere/{k}-{name}")
            links.append(snapshot / "m.onnx")
        self.check(links, self.folder / "out" / "a.onnx")
        self.check(links, self.folder / "out" / "b.onnx", "--single-data")
        self.assertTrue((self.folder / "out" / "b.onnx.data").exists())

    def test_external_data_may_lie_in_folders_that_the_output_gets_too(self):
        paths = []
        for k in (1, 2):
            (self.folder / "in" / str(k) / "data").mkdir(parents=True)
            paths.append(self.model(self.folder / "in" / str(k) / "m.onnx", k,
                                    external="data/w.bin"))
        self.check(paths, self.folder / "out" / "a.onnx")
        self.assertTrue((self.folder / "out" / "data" / "w.bin").exists())

    def test_the_output_may_be_a_link(self):
        target = self.folder / "elsewhere" / "old.onnx"
        target.write_bytes(b"old")
        link = self.folder / "out" / "a.onnx"
        link.symlink_to(target)
        self.check([digits(1), digits(2)], link, "-f")
        self.assertTrue(link.is_symlink())
        self.assertGreater(target.stat().st_size, 3)

    def test_the_report_may_lie_elsewhere(self):
        report = self.folder / "reports" / "r.json"
        self.check([digits(1), digits(2)], self.folder / "out" / "a.onnx", "--report", report)
        self.assertEqual(json.loads(report.read_text())["method"], "uniform")

    def test_paths_may_be_relative(self):
        shutil.copy(digits(1), self.folder / "in")
        shutil.copy(digits(2, "onnx"), self.folder)
        self.check(["../in/ep01.onnx", "../ep02.onnx"], "a.onnx", cwd=self.folder / "out")
        self.check(["in/ep01.onnx", "ep02.onnx"], "reports/../out/b.onnx", cwd=self.folder)

    def test_the_current_folder_may_be_gone(self):
        gone = self.folder / "gone"
        gone.mkdir()
        script = f'cd "{gone}"; rmdir "{gone}"; exec "$@"'
        for suffix in ("onnx", "h5"):
            done = subprocess.run(
                ["sh", "-c", script, "sh", POLYAK, "average", digits(1, suffix), digits(2, suffix),
                 "-o", self.folder / "out" / f"a.{suffix}", "--sandbox", "require"],
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_output_may_be_on_another_file_system(self):
        if not pathlib.Path("/dev/shm").is_dir():
            self.skipTest("there is no /dev/shm")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-", dir="/dev/shm"))
        self.addCleanup(shutil.rmtree, folder)
        for suffix in ("onnx", "h5"):
            self.check([digits(1, suffix), digits(2, suffix)], folder / f"a.{suffix}")

    def test_a_link_that_leads_out_of_the_inputs_folder_is_no_way_out(self):
        path = self.model(self.folder / "in" / "m.onnx", 1, external="m.data")
        data = self.folder / "in" / "m.data"
        data.rename(self.folder / "elsewhere" / "m.data")
        data.symlink_to("../elsewhere/m.data")
        result = run("inspect", "--stats", path)
        self.assertEqual(result.status, 1)
        self.assertIn("lies outside", result.stderr)

    def test_the_message_for_what_is_not_there_is_the_usual_one(self):
        for option in ("off", "on"):
            result = run("average", digits(1), self.folder / "none.onnx", "-o",
                         self.folder / "out" / "a", "--sandbox", option)
            self.assertEqual((result.status, result.stderr),
                             (1, f"polyak: error: {self.folder}/none.onnx: cannot open: "
                                 "No such file or directory\n"))


@unittest.skipIf(os.geteuid() != 0, "only root can have another root folder")
class AnotherRoot(FolderTest):
    """With the programs and what they are linked with, but no /proc and no /dev."""

    def setUp(self):
        super().setUp()
        helper = POLYAK.with_name("polyak-hdf5")
        libraries = {library for program in (POLYAK, helper) for library in re.findall(
            r"/\S+", subprocess.run(["ldd", program], capture_output=True, text=True).stdout)}
        for path in (POLYAK, helper, *map(pathlib.Path, libraries)):
            self.put(path, self.inside(path))
        for epoch in (1, 2):
            for suffix in ("onnx", "h5"):
                self.put(digits(epoch, suffix), self.folder / f"{epoch}.{suffix}")

    def inside(self, path):
        return self.folder / pathlib.Path(path).relative_to("/")

    def put(self, path, to):
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)

    def average(self, suffix):
        return subprocess.run(["chroot", self.folder, POLYAK, "average", f"/1.{suffix}",
                               f"/2.{suffix}", "-f", "-q", "-o", "/out"],
                              capture_output=True, text=True, timeout=60)

    def assert_fails_with(self, line):
        done = self.average("h5")
        self.assertEqual((done.returncode, done.stderr), (1, f"polyak: error: /1.h5: {line}\n"))
        self.assertEqual(list(self.folder.glob("*out*")), [])

    def test_is_enough_for_onnx(self):
        done = self.average("onnx")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_without_proc_is_not_enough_to_find_the_helper(self):
        self.assert_fails_with("can't find out where polyak is, to find its HDF5 helper there: "
                               "No such file or directory")

    def test_without_a_null_device_is_not_enough_to_start_the_helper(self):
        # All that is looked up there is a link.
        self.inside("/proc/self").mkdir(parents=True)
        self.inside("/proc/self/exe").symlink_to(POLYAK)
        self.assert_fails_with("cannot open /dev/null for the helper: No such file or directory")


if __name__ == "__main__":
    unittest.main()
