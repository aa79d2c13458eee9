"""Mutants of every format, with fixed seeds: each is averaged with itself to the same bytes, and
with a good one to what can be read again, or refused; nothing crashes, hangs, or takes too much
memory.
300 of each, 5000 with POLYAK_FULL=1. And the same with a helper that lies: 100 lies, 1000.

POLYAK_FUZZ is the folder of the programs that try them (tests/fuzz).
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from polyak_runner import IS_FULL, POLYAK, REPOSITORY  # noqa: E402
from seeds import SEEDS, write_seeds  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("POLYAK_FUZZ") or REPOSITORY / "build/release/tests/fuzz")
HELPER = POLYAK.parent / "polyak-hdf5"
AT_ONCE = 2
PIECE = 50
MUTANTS = 5000 if IS_FULL else 300
LIES = 1000 if IS_FULL else 100
FORMATS = [kind for kind in SEEDS if kind != "answers"]


class MutantsTest(unittest.TestCase):
    def setUp(self):
        if not HELPER.exists():
            self.skipTest("polyak-hdf5 is not installed")
        memory = pathlib.Path("/dev/shm")
        self.folder = pathlib.Path(tempfile.mkdtemp(
            prefix="polyak-mutants-", dir=memory if memory.is_dir() else None))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "tmp").mkdir()

    def run_pieces(self, command, count):
        """What all the pieces counted; what is wrong is a failure."""
        def run(first):
            done = subprocess.run([*command, str(first), str(min(PIECE, count - first))],
                                  env={**os.environ, "TMPDIR": str(self.folder / "tmp")},
                                  capture_output=True, text=True, timeout=1800)
            lines = done.stdout.splitlines()
            self.assertTrue(lines and done.returncode in (0, 1), done)
            return lines[:-1], json.loads(lines[-1])
        total, wrong = {}, []
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for lines, counts in pool.map(run, range(0, count, PIECE)):
                wrong += lines
                for name, number in counts.items():
                    total[name] = total.get(name, 0) + number
        self.assertEqual(wrong, [])
        self.assertEqual(sum(total.values()), count)
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])
        # Or the mutations hit nothing, or everything.
        self.assertGreater(total["accepted"], count / 50)
        self.assertGreater(total["refused"], count / 50)
        return total

    def check(self, kind):
        write_seeds(self.folder, [kind])
        print(f"\n{kind}: " + str(self.run_pieces(
            [PROGRAMS / "mutated_files", self.folder / kind, HELPER], MUTANTS)), flush=True)


class Mutants(MutantsTest):
    def test_of_onnx_are_averaged_or_refused(self):
        self.check("onnx")

    def test_of_hdf5_are_averaged_or_refused(self):
        self.check("hdf5")

    def test_of_legacy_keras_are_averaged_or_refused(self):
        self.check("legacy")

    def test_of_archives_are_averaged_or_refused(self):
        self.check("archive")

    def test_of_sharded_weights_are_averaged_or_refused(self):
        self.check("sharded")

    def test_are_of_every_format(self):
        self.assertEqual(FORMATS, ["onnx", "hdf5", "legacy", "archive", "sharded"])


class HelperThatLies(MutantsTest):
    def test_does_no_harm(self):
        """Whatever it says, polyak ends, the inputs stay, and of an archive only the weights are
        others: nothing is written outside of what the helper is asked about."""
        write_seeds(self.folder, ["answers"])
        kept = self.folder / "kept"
        kept.mkdir()
        total = self.run_pieces([PROGRAMS / "mutated_answers", self.folder / "answers",
                                 PROGRAMS / "lying_helper", HELPER, kept], LIES)
        archives = list(kept.glob("*.keras"))
        self.assertGreater(len(archives), 0)
        with zipfile.ZipFile(self.folder / "answers/archive/b/m.keras") as template:
            for path in archives:
                self.assert_others_intact(template, path)
        print(f"\nlies: {total}, {len(archives)} archives looked at", flush=True)

    def assert_others_intact(self, template, path):
        with zipfile.ZipFile(path) as found:
            self.assertIsNone(found.testzip(), path.name)
            names = template.namelist()
            self.assertEqual(found.namelist()[:len(names)], names)
            for name in names:
                if name != "model.weights.h5":
                    self.assertEqual(found.read(name), template.read(name), path.name)


if __name__ == "__main__":
    unittest.main()
