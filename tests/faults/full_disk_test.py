"""Disks that are full, have no room for another file, or can't be written; limits on the size of
files; standard output that takes nothing. The output is absent or old, and one line says why.
"""
import json
import os
import resource
import subprocess
import unittest

from scenes import FORMATS, differing, snapshot  # first: it says where the next one is

from mounts import memory_disk, need_small_disks
from polyak_runner import IS_FULL, POLYAK
from sweep_test_case import SceneTest

SIZES = 35
ALL = [(kind, exists) for kind in FORMATS for exists in (False, True)]
PAGE = 4096


def bytes_of(files):
    return sum(-(-len(content or b"") // PAGE) * PAGE for content in files.values())


class DiskTest(SceneTest):
    def setUp(self):
        need_small_disks()

    def check(self, scene, status, stderr, reasons):
        """Returns whether the run failed."""
        self.assertEqual(scene.wrong_after(status, stderr), [])
        if status == 0:
            return False
        self.assertEqual(status, 1, stderr)
        errors = [line for line in stderr.splitlines() if line.startswith("polyak: error: ")]
        self.assertEqual(len(errors), 1, stderr)
        self.assertTrue(any(reason in errors[0] for reason in reasons), stderr)
        return True


class FullDisk(DiskTest):
    def run_on(self, scene, disk):
        scene.out = disk / "out"
        scene.out.mkdir()
        scene.reset()
        return scene.run([*scene.command[:-1], os.fspath(scene.out / scene.main)])

    def check_sizes(self, kind, exists, sizes):
        """From one that has hardly any room to one that has enough."""
        scene = self.scene(kind, exists)
        new = {name: content for name, content in scene.good.items()
               if content != scene.old.get(name)}
        least = bytes_of(scene.old) + PAGE
        most = least + 2 * bytes_of(new) + 4 * PAGE  # HDF5 data wait in a file of their own
        failed = done = 0
        for i in range(sizes):
            size = least + (most - least) * i // (sizes - 1)
            with memory_disk(size=size // PAGE * PAGE) as disk:
                status, stderr = self.run_on(scene, disk)
                is_failed = self.check(scene, status, stderr, ["No space left on device"])
            failed += is_failed
            done += not is_failed
        print(f"{kind}, exists {exists}: {sizes} sizes, {failed} too small", flush=True)
        self.assertGreaterEqual(failed, sizes // 6)
        self.assertGreaterEqual(done, sizes // 6)

    def test_of_any_size_leaves_the_old_output_or_makes_a_complete_one(self):
        for kind, exists in ALL if IS_FULL else (("onnx", True), ("mirrored", False),
                                                 ("hdf5", False), ("shards", True)):
            with self.subTest(kind, exists=exists):
                self.check_sizes(kind, exists, SIZES)

    def check_inodes(self, kind, exists):
        scene = self.scene(kind, exists)
        there = 2 + len(scene.old)  # the disk's own folder, the output's
        most = len(scene.good) + 2
        failed = 0
        for more in range(0, most + 1, 1 if IS_FULL else -(-most // 6)):
            with memory_disk(size="8M", nr_inodes=there + more) as disk:
                status, stderr = self.run_on(scene, disk)
                failed += self.check(scene, status, stderr, ["No space left on device"])
        self.assertGreater(failed, 0)

    def test_without_room_for_another_file_leaves_the_old_output(self):
        for kind, exists in ALL if IS_FULL else (("onnx", True), ("mirrored", False),
                                                 ("many", False), ("keras", True)):
            with self.subTest(kind, exists=exists):
                self.check_inodes(kind, exists)

    def test_that_cannot_be_written_leaves_the_old_output(self):
        for kind, exists in ALL if IS_FULL else ALL[::3]:
            with self.subTest(kind, exists=exists), memory_disk() as disk:
                scene = self.scene(kind, exists, out=disk / "out")
                scene.out.mkdir()
                scene.reset()
                subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
                status, stderr = scene.run()
                self.assertTrue(self.check(scene, status, stderr, ["Read-only file system"]))

    def test_for_the_report_is_said_and_the_output_is_there(self):
        with memory_disk(size="64k", nr_inodes=20) as full:
            (full / "other").write_bytes(bytes((64 << 10) - PAGE))
            scene = self.scene("onnx", True)
            scene.reset()
            status, stderr = scene.run([*scene.command, "--report", os.fspath(full / "report")])
            self.assertEqual(status, 0, stderr)  # one page is enough
            (full / "report").unlink()
            (full / "more").write_bytes(bytes(PAGE))
            scene.reset()
            status, stderr = scene.run([*scene.command, "--report", os.fspath(full / "report")])
            self.assertEqual(status, 1)
            self.assertIn("No space left on device", stderr)
            self.assertIn("in place", stderr)
            self.assertEqual(differing(snapshot(scene.out), scene.good), [])
            self.assertEqual(sorted(snapshot(full)), ["more", "other"])


class FileSizeLimit(DiskTest):
    def setUp(self):
        pass  # for everybody

    def test_leaves_the_old_output_and_kills_nothing(self):
        for kind, exists in ALL if IS_FULL else ALL[1::3]:
            scene = self.scene(kind, exists)
            largest = max(len(content or b"") for content in scene.good.values())
            failed = 0
            for i in range(8):
                limit = largest * i // 7 + (PAGE if i == 7 else 0)
                scene.reset()
                with self.subTest(kind, exists=exists, limit=limit):
                    status, stderr = scene.run(preexec_fn=lambda: resource.setrlimit(
                        resource.RLIMIT_FSIZE, (limit, limit)))
                    failed += self.check(scene, status, stderr, ["File too large"])
            self.assertGreater(failed, 5)


class StandardOutputThatIsFull(SceneTest):
    def test_is_said_and_the_output_is_there(self):
        for kind in FORMATS if IS_FULL else ("mirrored", "keras"):
            for more in ((), ("--json",), ("--verbose",)):
                scene = self.scene(kind)
                scene.reset()
                with self.subTest(kind, more=more), open("/dev/full", "wb") as full:
                    status, stderr = scene.run([*scene.command, *more], stdout=full)
                    self.assertEqual(status, 1)
                    self.assertIn("polyak: error: cannot write to standard output", stderr)
                    self.assertEqual(len(stderr.splitlines()), 1, stderr)
                    self.assertEqual(differing(snapshot(scene.out), scene.good), [])

    def test_keeps_the_report(self):
        scene = self.scene("onnx")
        scene.reset()
        report = scene.folder / "report"
        with open("/dev/full", "wb") as full:
            status, _ = scene.run([*scene.command, "--report", os.fspath(report)], stdout=full)
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(report.read_text())["output"], os.fspath(scene.output))

    def test_is_said_of_what_only_prints(self):
        scene = self.scene("hdf5")
        model = os.fspath(scene.inputs[0])
        for command in (["inspect", model], ["inspect", "--json", model],
                        ["diff", model, model, "-v"],
                        ["average", *map(os.fspath, scene.inputs), "--dry-run", "-o", "x.h5"],
                        ["--help"], ["--version"]):
            with self.subTest(command), open("/dev/full", "wb") as full:
                status, stderr = scene.run([os.fspath(POLYAK), *command], stdout=full)
                self.assertIn(status, (1, 2))
                self.assertIn("cannot write to standard output", stderr)

    def test_is_no_report_file(self):
        scene = self.scene("onnx")
        scene.reset()
        status, stderr = scene.run([*scene.command, "--report", "/dev/full"])
        self.assertEqual(status, 2)
        self.assertIn("/dev/full: is not a regular file", stderr)
        self.assertEqual(snapshot(scene.out), {})


if __name__ == "__main__":
    unittest.main()
