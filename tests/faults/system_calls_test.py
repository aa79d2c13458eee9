"""Every system call failing once, and SIGKILL at each: the output is old, absent or complete.

The quick set leaves the dynamic loader's calls out and samples those of which there are many;
POLYAK_FULL=1 does all.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy

from fault_sweep import AT_ONCE, Scene, error_cases, kill_cases, numbers_of_calls, sweep

import onnx_models
from float_rounding import FLOAT32
from polyak_runner import IS_FULL, digits, need_program


class SweepTest(unittest.TestCase):
    def setUp(self):
        need_program("strace")
        probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("strace may not trace here")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-faults-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def onnx_inputs(self):
        """Two small models; one tensor is larger than a grain, so that there are several jobs."""
        paths = []
        for k in range(2):
            tensors = [onnx_models.raw_tensor(f"w{i}", FLOAT32, [k + i] * (3 + 7 * i))
                       for i in range(3)]
            tensors.append(onnx_models.raw_tensor("large", FLOAT32, [k] * 140_000))
            paths.append(onnx_models.save(onnx_models.model_of(tensors), self.folder / f"{k}.onnx"))
        return paths

    def hdf5_inputs(self):
        """Every way in which a payload reaches its place; structure that changes, too."""
        paths = []
        for k in range(2):
            path = self.folder / f"{k}.h5"
            with h5py.File(path, "w") as file:
                file["contiguous"] = numpy.full(1000, k, "f4")
                file.create_dataset("plain", data=numpy.full((20, 20), k, "f4"), chunks=(8, 8))
                noise = numpy.random.default_rng(k).random((30, 30), "f4")
                file.create_dataset("packed", data=noise, chunks=(8, 8), compression="gzip")
                unwritten = file.create_dataset("unwritten", (50,), "f4")
                if k == 0:
                    unwritten[:] = 1
            paths.append(path)
        return paths

    def scenes(self, inputs, exists):
        made = [Scene(inputs, exists) for _ in range(AT_ONCE)]
        for scene in made:
            self.addCleanup(scene.remove)
        return made

    def check(self, scenes, cases, least_share):
        result = sweep(scenes, cases)
        print(f"{self.id().rsplit('.')[-1]}: {result}", flush=True)
        self.assertEqual(result.wrong, [])
        # A sweep that injects nothing proves nothing. Threads share work differently each time.
        self.assertGreater(result.injected, least_share * result.runs)
        return result

    def check_errors(self, inputs, exists, most, errors=None):
        scenes = self.scenes(inputs, exists)
        numbers = numbers_of_calls(scenes[0], whole=IS_FULL)
        if IS_FULL:
            most = errors = None
        result = self.check(scenes, error_cases(numbers, most, errors), 0.8)
        self.assertGreater(result.statuses[1], result.runs / 5)

    def check_kills(self, inputs, exists, most):
        scenes = self.scenes(inputs, exists)
        numbers = numbers_of_calls(scenes[0], whole=IS_FULL)
        result = self.check(scenes, kill_cases(numbers, None if IS_FULL else most), 0.8)
        # Where it is the HDF5 helper that is killed, polyak itself fails.
        self.assertGreater(result.statuses[-signal.SIGKILL], 0.2 * result.runs)
        self.assertLess(result.statuses[0], 0.2 * result.runs)


class SystemCallThatFails(SweepTest):
    def test_leaves_no_output_of_onnx_or_a_complete_one(self):
        self.check_errors(self.onnx_inputs(), False, most=6)

    def test_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_errors(self.onnx_inputs(), True, most=3, errors=2)

    def test_leaves_no_output_of_hdf5_or_a_complete_one(self):
        self.check_errors(self.hdf5_inputs(), False, most=3, errors=2)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_errors(self.hdf5_inputs(), True, most=None)


class KillAtASystemCall(SweepTest):
    def test_leaves_no_output_of_onnx_or_a_complete_one(self):
        self.check_kills(self.onnx_inputs(), False, most=6)

    def test_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_kills(self.onnx_inputs(), True, most=4)

    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_kills(self.hdf5_inputs(), True, most=3)


class KillAtARandomMoment(SweepTest):
    KILLS = 400 if IS_FULL else 50

    def check_random_kills(self, inputs):
        scene = self.scenes(inputs, True)[0]
        start = time.monotonic()
        scene.run(scene.command)
        usual_seconds = time.monotonic() - start
        source = random.Random(1)
        killed = 0
        for _ in range(self.KILLS):
            scene.reset()
            process = subprocess.Popen(scene.command, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(source.random() * usual_seconds)
            os.killpg(process.pid, signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            self.assertTrue(scene.output.read_bytes() in (scene.old, scene.good), "torn output")
            self.assertLessEqual(len(scene.temporaries()), 1)  # the run removed the last one's
            self.assertEqual([path.read_bytes() for path in scene.inputs], scene.input_bytes)
        scene.run(scene.command)
        self.assertEqual(scene.temporaries(), [])
        self.assertEqual(scene.output.read_bytes(), scene.good)
        self.assertGreater(killed, self.KILLS / 3)

    def test_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_random_kills([digits(1), digits(2)])

    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_random_kills(self.hdf5_inputs())


if __name__ == "__main__":
    unittest.main()
