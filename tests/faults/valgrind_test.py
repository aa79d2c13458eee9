"""A run of each kind under valgrind, polyak and its helper, without confinement: it finds nothing.

The quick set has one, POLYAK_FULL=1 all five. valgrind knows neither AVX-512 nor openat2, so that
polyak does without. POLYAK_VALGRIND_SHIM says where the library is that lets both programs be
watched (valgrind_shim.c).
"""
import os
import pathlib
import re
import subprocess
import unittest

import scenes  # noqa: F401  first: it says where the next one is

from polyak_runner import IS_FULL, REPOSITORY, need_program
from sweep_test_case import SceneTest

SHIM = pathlib.Path(os.environ.get("POLYAK_VALGRIND_SHIM")
                    or REPOSITORY / "build/release/tests/faults/libpolyak_valgrind_shim.so")
HELPER = "polyak-hdf5"
FOUND = 99  # a status that nothing else has
SECONDS = 300


class UnderValgrind(SceneTest):
    def setUp(self):
        need_program("valgrind")
        self.assertTrue(SHIM.exists(), f"{SHIM} is not there")

    def watch(self, scene, **environment):
        """(status, standard error, {program: [what valgrind says of a process of it]})"""
        scene.reset()
        logs = scene.folder / "logs"
        logs.mkdir(exist_ok=True)
        command = ["valgrind", "--trace-children=yes", f"--error-exitcode={FOUND}",
                   "--leak-check=full", "--errors-for-leak-kinds=definite",
                   f"--log-file={logs}/%p", *scene.command, "--sandbox", "off"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=SECONDS,
                              env={**os.environ, "LD_PRELOAD": os.fspath(SHIM), **environment})
        said = {}
        for path in logs.iterdir():
            text = path.read_text(errors="replace")
            program = pathlib.Path(re.search(r"Command: (\S+)", text)[1]).name
            said.setdefault(program, []).append(text)
            path.unlink()
        return done.returncode, done.stderr.decode(errors="replace"), said

    def errors(self, text):
        """None where it did not watch until the end."""
        match = re.search(r"ERROR SUMMARY: (\d+) errors", text)
        return match and int(match[1])

    def check(self, kind, has_helper):
        scene = self.scene(kind)
        status, stderr, said = self.watch(scene)
        self.assertEqual((status, stderr), (0, ""), said)
        self.assertEqual(scene.wrong_after(status, stderr), [])
        self.assertEqual(said.keys(), {"polyak", HELPER} if has_helper else {"polyak"})
        self.assertEqual(len(said["polyak"]), 1)
        for text in sum(said.values(), []):
            self.assertEqual(self.errors(text), 0, text)
        print(f"{kind}: {sum(map(len, said.values()))} processes", flush=True)

    def test_an_archive_is_averaged_without_an_error(self):
        self.check("keras", True)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_onnx_is_averaged_without_an_error(self):
        self.check("onnx", False)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_external_data_is_averaged_without_an_error(self):
        self.check("mirrored", False)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_contiguous_hdf5_is_averaged_without_an_error(self):
        self.check("contiguous", True)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_packed_chunks_are_averaged_without_an_error(self):
        self.check("gzip", True)

    def test_an_error_in_either_program_is_found(self):
        status, _, said = self.watch(self.scene("contiguous"), WATCHED_FAULT="1")
        self.assertEqual(said.keys(), {"polyak", HELPER})
        self.assertEqual({self.errors(text) for text in sum(said.values(), [])}, {1})
        self.assertEqual(status, FOUND)


if __name__ == "__main__":
    unittest.main()
