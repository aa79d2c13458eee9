"""SIGKILL, at each system call and at random: the output is old or new, never torn, and the next
run cleans up; but never what a running one has.
"""
import os
import random
import signal
import subprocess
import time
import unittest

from fault_sweep import numbers_of_calls, signal_cases
from polyak_runner import IS_FULL
from scenes import differing, is_temporary, meaning, snapshot
from sweep_test_case import SceneTest, SweepTest


class KillAtASystemCall(SweepTest):
    def check_kills(self, kind, exists, most):
        scenes = self.scenes(kind, exists)
        numbers = numbers_of_calls(scenes[0], whole=IS_FULL)
        cases = signal_cases(numbers, "SIGKILL", None if IS_FULL else most)
        result = self.check(scenes, cases, 0.8)
        # Where it is the HDF5 helper that is killed, polyak itself fails.
        self.assertGreater(result.statuses[-signal.SIGKILL], 0.2 * result.runs)
        self.assertLess(result.statuses[0], 0.2 * result.runs)

    def test_leaves_no_output_of_onnx_or_a_complete_one(self):
        self.check_kills("onnx", False, most=4)

    def test_leaves_the_old_output_with_its_data_or_a_complete_one(self):
        self.check_kills("single", True, most=3)

    def test_leaves_no_output_of_many_files_or_a_complete_one(self):
        self.check_kills("mirrored", False, most=4)

    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_kills("hdf5", True, most=3)

    def test_leaves_no_keras_archive_or_a_complete_one(self):
        self.check_kills("keras", False, most=2)

    def test_leaves_the_old_shards_or_all_new_ones(self):
        self.check_kills("shards", True, most=2)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_leaves_nothing_torn_the_other_way_round_either(self):
        for kind, exists in (("onnx", True), ("single", False), ("mirrored", True),
                             ("hdf5", False), ("keras", True), ("shards", False),
                             ("many", False)):
            with self.subTest(kind, exists=exists):
                self.check_kills(kind, exists, most=None)


class KillAtARandomMoment(SceneTest):
    KILLS = 300 if IS_FULL else 40

    def check_random_kills(self, kind, exists):
        scene = self.scene(kind, exists)
        scene.reset()
        start = time.monotonic()
        scene.run()
        usual_seconds = time.monotonic() - start
        source = random.Random(f"{kind} {exists}")
        killed = left = 0
        for _ in range(self.KILLS):
            scene.reset()
            process = subprocess.Popen(scene.command, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(source.random() * usual_seconds)
            os.killpg(process.pid, signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            left += bool(scene.temporaries())
            self.assertEqual(scene.wrong_after_kill(), [])
        print(f"{self.id().rpartition('.')[2]}: {self.KILLS} runs, {killed} killed, {left} of them "
              "while a temporary file was there", flush=True)
        self.assertGreater(killed, self.KILLS / 3)
        self.assertGreater(left, 0)

    def test_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_random_kills("onnx", True)

    def test_leaves_no_output_of_many_files_or_a_complete_one(self):
        self.check_random_kills("mirrored", False)

    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_random_kills("hdf5", True)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_leaves_nothing_torn_of_other_outputs_either(self):
        for kind in ("single", "many", "keras", "shards"):
            for exists in (False, True):
                with self.subTest(kind, exists=exists):
                    self.check_random_kills(kind, exists)


class TwoRunsAtOnce(SweepTest):
    """For the same output, one of them slow."""

    def start_slow(self, scene, stale):
        """A run that hangs in its first fsync; returns once its temporary files are there, and
        those of an earlier one gone."""
        process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
             "inject=fsync:delay_enter=1500ms:when=1", *scene.command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stderr.close)
        expected = len(scene.good) - sum(content is None for content in scene.good.values())
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            running = set(scene.temporaries())
            if len(running) == expected and not stale & running:
                break
            time.sleep(0.002)
        self.assertEqual((len(running), stale & running), (expected, set()))
        return process, running

    def leave_stale(self, scene):
        """What a run leaves that is killed as it syncs."""
        scene.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                   "inject=fsync:signal=SIGKILL:when=1", *scene.command])
        stale = set(scene.temporaries())
        self.assertGreater(len(stale), 0)
        return stale

    def check(self, kind, second_statuses):
        scene = self.scene(kind)
        scene.reset()
        stale = self.leave_stale(scene)
        slow, running = self.start_slow(scene, stale)
        for name in stale:
            (scene.out / name).write_bytes(b"left")
        status, stderr = scene.run()
        self.assertEqual(status, 0, stderr)
        self.assertIsNone(slow.poll(), "the slow run is over, so that nothing was tried")
        self.assertEqual(set(scene.temporaries()), running)  # the stale ones only are gone
        _, stderr = slow.communicate(timeout=60)
        self.assertIn(slow.returncode, second_statuses, stderr)
        self.assertEqual(differing(snapshot(scene.out), scene.good), [])

    def test_of_one_file_end_with_a_whole_one(self):
        self.check("onnx", (0,))
        self.check("hdf5", (0,))

    def test_of_several_files_end_with_those_of_the_first(self):
        self.check("mirrored", (2,))  # "came into being during the run"
        self.check("shards", (2,))

    def test_of_very_many_files_end_with_those_of_the_first(self):
        self.check("many", (2,))

    def test_at_random_moments_never_get_in_each_others_way(self):
        for kind in ("onnx", "mirrored"):
            scene = self.scene(kind)
            for i in range(60 if IS_FULL else 10):
                scene.reset()
                processes = []
                for _ in range(2):
                    processes.append(subprocess.Popen(scene.command, stdout=subprocess.DEVNULL,
                                                      stderr=subprocess.PIPE))
                    time.sleep(random.Random(i).random() * 0.01)
                ends = [(process.communicate()[1], process.returncode) for process in processes]
                self.assertIn(0, [status for _, status in ends], ends)
                for stderr, status in ends:
                    # The other one's data file, before this one's or while it was written.
                    refused = b"came into being" in stderr or b"exists already" in stderr
                    self.assertTrue(status == 0 or refused, ends)
                left = snapshot(scene.out)
                self.assertEqual([name for name in left if is_temporary(name)], [])
                # The second may have found the first one's data, and has written its own beside.
                self.assertTrue(meaning(left, scene.main) == meaning(scene.good, scene.main))


class AfterAKillBetweenTheRenames(SweepTest):
    def test_the_next_run_removes_what_is_left_in_folders_that_it_does_not_use(self):
        scene = self.scene("mirrored")
        scene.reset()
        scene.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
                   "inject=renameat2:signal=SIGKILL:when=2", *scene.command])
        left = scene.temporaries()
        self.assertTrue(any(name.startswith("parts/") for name in left), left)
        self.assertEqual(scene.wrong_after_kill(), [])  # the next one writes to a single file
        self.assertIn("out.onnx.data", snapshot(scene.out))


if __name__ == "__main__":
    unittest.main()
