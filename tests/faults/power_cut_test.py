"""A power cut right after a run that ended with status 0: the output is complete. Where the system
only says that it has synced, and hasn't, the same test must find it torn or old: it can see.

The cut is the shutdown ioctl of ext4 and xfs, on a loop device; needs root, else it is skipped.
"""
import unittest

# First: it says where the next ones are.
from scenes import differing, is_temporary, restore, snapshot

from mounts import DiskImage, need_disk_images
from polyak_runner import IS_FULL, need_program
from sweep_test_case import SceneTest


class PowerCut(SceneTest):
    TIMES = 6 if IS_FULL else 1
    KIND = None

    def setUp(self):
        if self.KIND is None:
            self.skipTest("the base of the others")
        need_program("strace")
        need_disk_images(self.KIND)
        self.disk = DiskImage(self.KIND)
        self.addCleanup(self.disk.remove)
        self.disk.mount()

    def files_after(self, kind, exists, inject=()):
        """What is there after the cut, beside temporary files, and the scene."""
        scene = self.scene(kind, exists, out=self.disk.folder / "out")
        scene.out.mkdir(exist_ok=True)
        restore(scene.out, scene.old)
        # All that was there before is on the disk.
        self.disk.unmount()
        self.disk.mount()
        if inject:
            status, stderr = scene.run(["strace", "-f", "-qq", "-o", scene.folder / "log", "-e",
                                        "trace=fsync", *inject, *scene.command])
            self.assertIn("INJECTED", (scene.folder / "log").read_text())
        else:
            status, stderr = scene.run()
        self.assertEqual(status, 0, stderr)
        self.disk.cut_power()
        return scene, {name: content for name, content in snapshot(scene.out).items()
                       if not is_temporary(name)}

    def faked(self, *numbers):
        """The syncs of these numbers do nothing and say that all is well."""
        return [part for number in numbers
                for part in ("-e", f"inject=fsync:retval=0:when={number}")]

    def check_complete(self, kind):
        for exists in (False, True):
            for _ in range(self.TIMES):
                with self.subTest(kind, exists=exists):
                    scene, files = self.files_after(kind, exists)
                    self.assertEqual(differing(files, scene.good), [])

    def check_torn(self, kind, inject, either=(False, True)):
        for exists in either:
            for _ in range(self.TIMES):
                with self.subTest(kind, exists=exists):
                    scene, files = self.files_after(kind, exists, inject)
                    self.assertNotEqual(differing(files, scene.good), [])
                    self.assertNotEqual(differing(files, scene.old), [])

    def check_old(self, kind, inject):
        for exists in (False, True):
            for _ in range(self.TIMES):
                with self.subTest(kind, exists=exists):
                    scene, files = self.files_after(kind, exists, inject)
                    self.assertTrue(files.get(scene.main) == scene.old.get(scene.main), "it is new")

    def test_leaves_a_complete_output(self):
        for kind in ("onnx", "mirrored", "single", "hdf5", "keras", "shards") + (
                ("many",) if IS_FULL else ()):
            self.check_complete(kind)

    def test_finds_it_torn_where_the_files_sync_is_a_lie(self):
        self.check_torn("onnx", self.faked(1))

    def test_finds_the_data_torn_where_its_sync_is_a_lie(self):
        for number in (1, 2, 3) if IS_FULL else (1,):  # each of the data files
            self.check_torn("mirrored", self.faked(number), either=(False,))
        self.check_torn("single", self.faked(1))
        self.check_torn("shards", self.faked(1))

    def test_finds_the_old_output_where_the_folders_sync_is_a_lie(self):
        self.check_old("onnx", self.faked(2))

    def test_finds_the_old_output_where_all_syncs_of_folders_are_lies(self):
        self.check_old("single", ("-e", "inject=fsync:retval=0:when=3+"))


class PowerCutOnExt4(PowerCut):
    KIND = "ext4"


class PowerCutOnXfs(PowerCut):
    KIND = "xfs"


del PowerCut


if __name__ == "__main__":
    unittest.main()
