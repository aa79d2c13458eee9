"""In which order an output's files are synced and put in place, what a sync that fails means, what
permissions they get, and signals that ask for a stop.
"""
import os
import re
import signal
import stat
import subprocess
import unittest

from scenes import differing, is_temporary, snapshot  # first: it says where the next one is

from fault_sweep import numbers_of_calls, signal_cases
from polyak_runner import IS_FULL
from sweep_test_case import SceneTest, SweepTest

SEVERAL_FILES = ("mirrored", "single", "shards")


class TracedTest(SweepTest):
    def trace(self, scene, *inject):
        """(status, stderr, [(call, path, how it ended)]) of syncs and renames."""
        scene.reset()
        log = scene.folder / "log"
        status, stderr = scene.run(
            ["strace", "-f", "-y", "-qq", "-s", "500", "-o", os.fspath(log), "-e",
             "trace=fsync,fdatasync,sync_file_range,renameat,renameat2,unlinkat", *inject,
             *scene.command])
        calls = []
        for line in log.read_text().splitlines():
            if match := re.match(r"\d+ +(\w+)\((.*)\) += (.*)", line):
                call, arguments, end = match.groups()
                place = re.search(r"<([^>]*)>", arguments)[1]
                names = re.findall(r'"([^"]*)"', arguments)
                calls.append((call, os.path.join(place, names[-1]) if names else place, end))
        log.unlink()
        return status, stderr, calls

    def relative(self, scene, path):
        return os.path.relpath(path, scene.out)


class Order(TracedTest):
    def test_of_one_file_is_sync_rename_sync_of_the_folder(self):
        for kind in ("onnx", "hdf5", "keras"):
            for exists in (False, True):
                scene = self.scene(kind, exists)
                status, _, calls = self.trace(scene)
                calls = [call for call in calls if call[0] not in ("sync_file_range", "unlinkat")]
                self.assertEqual(status, 0)
                names = [call for call, _, _ in calls]
                self.assertEqual(names, ["fsync", "renameat", "fsync"])
                self.assertTrue(is_temporary(calls[0][1]))
                self.assertEqual(calls[1][1], os.fspath(scene.output))
                self.assertEqual(calls[2][1], os.fspath(scene.out))

    def test_of_several_is_all_data_on_the_disk_before_the_file_that_names_it(self):
        for kind in SEVERAL_FILES:
            with self.subTest(kind):
                scene = self.scene(kind)
                files = {name for name, content in scene.good.items() if content is not None}
                folders = {os.path.dirname(name) or "." for name in files - {scene.main}}
                status, _, calls = self.trace(scene)
                self.assertEqual(status, 0)
                calls = [(call, self.relative(scene, path)) for call, path, _ in calls
                         if call.startswith(("fsync", "rename"))]
                renamed = [path for call, path in calls if call != "fsync"]
                self.assertEqual((set(renamed), renamed[-1]), (files, scene.main))
                first = next(i for i, (call, _) in enumerate(calls) if call != "fsync")
                last = max(i for i, (call, _) in enumerate(calls) if call != "fsync")
                self.assertEqual(first, len(files))  # each file has been synced
                self.assertTrue(all(is_temporary(path) for _, path in calls[:first]))
                between = {path for call, path in calls[first:last] if call == "fsync"}
                self.assertLessEqual(folders, between)
                self.assertEqual(calls[last + 1:], [("fsync", ".")])


class FailedSync(TracedTest):
    def test_of_a_file_is_an_error_and_is_not_tried_again(self):
        for kind in ("onnx", "hdf5", "keras", *SEVERAL_FILES):
            for exists in (False, True):
                scene = self.scene(kind, exists)
                new = sum(content is not None and content != scene.old.get(name)
                          for name, content in scene.good.items())
                for number in range(1, new + 1):  # of each of its files
                    with self.subTest(kind, exists=exists, number=number):
                        status, stderr, calls = self.trace(
                            scene, "-e", f"inject=fsync:error=EIO:when={number}")
                        ends = [end for call, _, end in calls if call in ("fsync", "fdatasync")]
                        self.assertEqual(len(ends), number)
                        self.assertIn("INJECTED", ends[-1])
                        names = {call for call, _, _ in calls}
                        self.assertFalse(names & {"renameat", "renameat2"})
                        self.assertEqual(status, 1)
                        self.assertIn("cannot bring it to the disk: Input/output error", stderr)
                        self.assertEqual(differing(snapshot(scene.out), scene.old), [])

    def test_of_a_folder_is_status_3_and_is_not_tried_again(self):
        for kind in ("onnx", "hdf5", *SEVERAL_FILES):
            scene = self.scene(kind)
            _, _, calls = self.trace(scene)
            syncs = [path for call, path, _ in calls if call == "fsync"]
            self.assertGreater(sum(not is_temporary(path) for path in syncs), 0)
            for number, path in enumerate(syncs, 1):
                if is_temporary(path):
                    continue
                with self.subTest(kind, path=path):
                    status, stderr, calls = self.trace(
                        scene, "-e", f"inject=fsync:error=EIO:when={number}")
                    self.assertEqual([end for call, _, end in calls if call == "fsync"].count(
                        "-1 EIO (Input/output error) (INJECTED)"), 1)
                    self.assertEqual(status, 3)
                    self.assertIn("is in place, but the system could not confirm", stderr)
                    self.assertEqual(differing(snapshot(scene.out), scene.good), [])

    def test_of_the_reports_folder_is_status_3(self):
        scene = self.scene("onnx")
        report = scene.folder / "report"
        scene.command += ["--report", os.fspath(report)]
        status, stderr, calls = self.trace(scene, "-e", "inject=fsync:error=EIO:when=4")
        self.assertIn("INJECTED", calls[-1][2])
        self.assertEqual(status, 3)
        self.assertIn(f"{report}: is in place, but", stderr)


class Permissions(SceneTest):
    def modes(self, scene):
        return {name: stat.S_IMODE((scene.out / name).stat().st_mode)
                for name, content in snapshot(scene.out).items() if content is not None}

    def test_are_what_the_umask_gives(self):
        for kind in ("onnx", "hdf5", "keras", *SEVERAL_FILES):
            for mask, mode in ((0o027, 0o640), (0o077, 0o600), (0o002, 0o664)):
                with self.subTest(kind, mask=mask):
                    scene = self.scene(kind)
                    self.assertEqual(scene.run(preexec_fn=lambda: os.umask(mask))[0], 0)
                    self.assertEqual(set(self.modes(scene).values()), {mode})

    def test_are_those_of_the_replaced_file(self):
        for kind in ("onnx", "hdf5", "keras", *SEVERAL_FILES):
            for mode in (0o604, 0o400, 0o664):
                with self.subTest(kind, mode=mode):
                    scene = self.scene(kind, True)
                    scene.reset()
                    scene.output.chmod(mode)
                    self.assertEqual(scene.run(preexec_fn=lambda: os.umask(0o022))[0], 0)
                    modes = self.modes(scene)
                    self.assertEqual(modes.pop(scene.main), mode)
                    self.assertLessEqual(set(modes.values()), {0o644})


class SignalThatAsksForAStop(SweepTest):
    def setUp(self):
        super().setUp()
        # What runs behind a shell ignores some, and so would all that it starts.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))

    def check_signals(self, kind, exists, signal_name, most):
        scenes = self.scenes(kind, exists)
        numbers = numbers_of_calls(scenes[0], whole=False)  # the loader has no handlers yet
        for name in ("exit_group", "rt_sigaction"):
            numbers.pop(name, None)
        cases = signal_cases(numbers, signal_name, None if IS_FULL else most)
        result = self.check(scenes, cases, 0.7)
        self.assertGreater(result.statuses[-signal.Signals[signal_name]], 0.3 * result.runs)

    def test_leaves_no_output_or_a_complete_one(self):
        self.check_signals("mirrored", False, "SIGTERM", 2)

    def test_leaves_the_old_output_or_a_complete_one(self):
        self.check_signals("hdf5", True, "SIGINT", 1)
        self.check_signals("onnx", True, "SIGHUP", 2)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_leaves_nothing_torn_of_other_outputs_either(self):
        for kind in ("single", "keras", "shards"):
            for exists in (False, True):
                with self.subTest(kind, exists=exists):
                    self.check_signals(kind, exists, "SIGTERM", None)


class BrokenPipe(SceneTest):
    def test_kills_nothing_and_the_output_is_there(self):
        for more in ((), ("--json",)):
            scene = self.scene("onnx")
            scene.reset()
            reader, writer = os.pipe()
            os.close(reader)
            try:
                status, stderr = scene.run([*scene.command, *more], stdout=writer,
                                           restore_signals=True)
            finally:
                os.close(writer)
            self.assertEqual((status, stderr), (0, ""))
            self.assertEqual(differing(snapshot(scene.out), scene.good), [])

    def test_of_standard_error_kills_nothing_either(self):
        scene = self.scene("hdf5", True)
        scene.reset()
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([*scene.command, "--progress", "always"], stderr=writer,
                              stdout=subprocess.DEVNULL)
        os.close(writer)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(differing(snapshot(scene.out), scene.good), [])


if __name__ == "__main__":
    unittest.main()
