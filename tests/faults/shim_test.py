"""Short reads and writes, interrupted calls, failing allocations, by a library that is preloaded
(shim.c): the exact output, or an error and none.

POLYAK_SHIM says where the library is; POLYAK_SOAK=1, with POLYAK_FULL=1, lets every allocation
fail that there is.
"""
import os
import pathlib
import random
import signal
import struct
import subprocess
import tempfile
import unittest
from collections import Counter
from dataclasses import dataclass

from scenes import FORMATS  # first: it says where the next one is

from polyak_runner import IS_FULL, POLYAK, REPOSITORY
from sweep_test_case import SceneTest

SHIM = pathlib.Path(os.environ.get("POLYAK_SHIM")
                    or REPOSITORY / "build/release/tests/faults/libpolyak_shim.so")
HELPER = "polyak-hdf5"
IS_SOAK = os.environ.get("POLYAK_SOAK") == "1"
MOST_OF_FULL = 800


@dataclass
class Counts:
    short_transfers: int
    interrupted: int
    allocations: int
    failed_allocations: int
    starts: int


class ShimTest(SceneTest):
    def setUp(self):
        self.assertTrue(SHIM.exists(), f"{SHIM} is not there")

    def run_shimmed(self, scene, program="polyak", **settings):
        """(status, stderr, Counts)"""
        scene.reset()
        with tempfile.NamedTemporaryFile(prefix="polyak-counts-") as counts:
            counts.write(bytes(40))
            counts.flush()
            environment = {**os.environ, "LD_PRELOAD": os.fspath(SHIM),
                           "FAULTS_PROGRAM": program, "FAULTS_COUNTS": counts.name,
                           **{f"FAULTS_{name.upper()}": str(value)
                              for name, value in settings.items()}}
            status, stderr = scene.run(env=environment)
            counts.seek(0)
            return status, stderr, Counts(*struct.unpack("5Q", counts.read()))

    def check_exact(self, kind, count_of, **settings):
        for program in ("polyak", HELPER):
            scene = self.scene(kind)
            status, stderr, counts = self.run_shimmed(scene, program, **settings)
            if counts.starts == 0 and program == HELPER:
                continue  # of ONNX
            with self.subTest(kind, program=program):
                self.assertEqual((status, stderr), (0, ""))
                self.assertEqual(scene.wrong_after(status, stderr), [])
                self.assertGreater(count_of(counts), 0)


class ShortTransfers(ShimTest):
    def test_make_the_same_output_in_every_format(self):
        for kind in FORMATS:
            self.check_exact(kind, lambda counts: counts.short_transfers, short=1)


class InterruptedCalls(ShimTest):
    def test_make_the_same_output_in_every_format(self):
        for kind in FORMATS:
            for one_in in (2, 3, 5) if IS_FULL else (2,):
                self.check_exact(kind, lambda counts: counts.interrupted, eintr=one_in)


class FailingAllocation(ShimTest):
    def check_failing(self, kind, exists=False, program="polyak", most=30, **settings):
        # Without memory the C library ends the process where a thread's first chunk is decoded, and
        # protobuf's messages and the destructor of nlohmann's JSON may: a few points, from which the
        # next run must clean up.
        foreign = kind in ("hdf5", "keras", "shards")
        scene = self.scene(kind, exists)
        _, _, counts = self.run_shimmed(scene, program)
        self.assertGreater(counts.allocations, 20)
        numbers = range(1, counts.allocations + 1)
        most = MOST_OF_FULL if IS_FULL else most
        if not IS_SOAK and counts.allocations > most:
            # Most come of the command line: half of them of what comes after it.
            late = range(counts.allocations * 7 // 10, counts.allocations + 1)
            source = random.Random(kind)
            numbers = sorted({*source.sample(numbers, most // 2),
                              *source.sample(late, min(most // 2, len(late)))})
        failed, statuses, wrong = 0, Counter(), []
        for number in numbers:
            status, stderr, counts = self.run_shimmed(scene, program, malloc=number, **settings)
            failed += counts.failed_allocations > 0
            statuses[status] += 1
            if status in (-signal.SIGABRT, -signal.SIGSEGV) and program == "polyak" and foreign:
                wrong += [f"#{number}: {what}" for what in scene.wrong_after_kill()]
                continue
            wrong += [f"#{number}: {what}" for what in scene.wrong_after(status, stderr)]
            if status not in (0, 3, None) and "error" not in stderr:
                wrong.append(f"#{number}: status {status} without an error: {stderr}")
        print(f"{self.id().rpartition('.')[2]}: {kind} {program} {settings}: {len(numbers)} runs, "
              f"{failed} with a failed allocation, {dict(statuses)}", flush=True)
        self.assertEqual(wrong, [])
        self.assertGreater(failed, 0.9 * len(numbers))
        self.assertGreater(statuses[1], 0)
        self.assertLessEqual(statuses[-signal.SIGABRT] + statuses[-signal.SIGSEGV],
                             max(1, 0.02 * len(numbers)) if foreign else 0)

    def test_leaves_no_output_of_onnx_or_a_complete_one(self):
        self.check_failing("onnx")

    def test_for_good_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_failing("onnx", True, lasting=1)

    def test_leaves_no_output_of_many_files_or_a_complete_one(self):
        self.check_failing("mirrored")

    def test_leaves_no_output_of_hdf5_or_a_complete_one(self):
        self.check_failing("hdf5")

    def test_in_the_helper_is_an_error(self):
        self.check_failing("hdf5", program=HELPER, most=20)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_leaves_nothing_torn_of_other_outputs_either(self):
        for kind in ("keras", "shards"):
            self.check_failing(kind, True)
            self.check_failing(kind, program=HELPER)
        self.check_failing("hdf5", True, lasting=1)


class Looking(ShimTest):
    def test_at_a_checkpoint_through_short_reads_prints_the_same(self):
        scene = self.scene("hdf5")
        command = [POLYAK, "inspect", "--stats", *scene.inputs[:1]]
        expected = subprocess.run(command, capture_output=True, check=True).stdout
        with tempfile.NamedTemporaryFile(prefix="polyak-counts-") as counts:
            counts.write(bytes(40))
            counts.flush()
            environment = {**os.environ, "LD_PRELOAD": os.fspath(SHIM), "FAULTS_SHORT": "1",
                           "FAULTS_EINTR": "3", "FAULTS_PROGRAM": "polyak",
                           "FAULTS_COUNTS": counts.name}
            found = subprocess.run(command, capture_output=True, check=True, env=environment)
            counts.seek(0)
            self.assertGreater(struct.unpack("5Q", counts.read())[0], 0)
        self.assertEqual(found.stdout, expected)


if __name__ == "__main__":
    unittest.main()
