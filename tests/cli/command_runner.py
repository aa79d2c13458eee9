"""What the tests of the command share: folders that must not change, models made for a test."""
import os
import pathlib
import shutil
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import onnx_models  # noqa: E402
from float_rounding import FLOAT32  # noqa: E402
from polyak_runner import FolderTest, digits, run  # noqa: E402


def snapshot(folder):
    """All that a folder holds, hidden names included: {name: what it is}."""
    found = {}
    for path in sorted(pathlib.Path(os.fsdecode(folder)).rglob("*")):
        status = path.lstat()
        what = (oct(status.st_mode), status.st_ino)
        if path.is_symlink():
            what += (os.readlink(path),)
        elif stat.S_ISREG(status.st_mode):
            what += (path.read_bytes(),)
        found[os.fspath(path)] = what
    return found


def model(path, tensors, nodes=None):
    """An ONNX model with these float32 tensors: {name: values as bits}."""
    initializers = [onnx_models.raw_tensor(name, FLOAT32, bits) for name, bits in tensors.items()]
    return onnx_models.save(onnx_models.model_of(initializers, nodes), path)


class CommandTest(FolderTest):
    """Two good inputs in a folder where nothing but the output may appear."""

    def setUp(self):
        super().setUp()
        self.a = self.copy_of(1, "onnx")
        self.b = self.copy_of(2, "onnx")
        self.output = self.folder / "out.onnx"

    def copy_of(self, epoch, suffix):
        return pathlib.Path(shutil.copy(digits(epoch, suffix), self.folder))

    def assert_refused(self, arguments, *names, status=1, hint=None, **options):
        """The run fails with this status and one line on standard error, or that and an indented
        list; all names are in it. Nothing is changed. A hint may follow, and has to where one is
        asked for."""
        before = snapshot(self.folder)
        result = run(*arguments, **options)
        shown = f"polyak {' '.join(map(repr, map(str, arguments)))}:\n{result.stderr}"
        self.assertEqual(result.status, status, shown)
        self.assertEqual(result.stdout, "", shown)
        lines = result.stderr.splitlines()
        self.assertTrue(lines and lines[0].startswith("polyak: error: "), shown)
        hints = [line for line in lines if line.startswith("polyak: hint: ")]
        listed = [line for line in lines if line.startswith("  ")]
        self.assertEqual(lines, lines[:1] + listed + hints, shown)
        self.assertLessEqual(len(listed), 25, "more than a screenful")
        self.assertLessEqual(len(hints), 1, shown)
        for name in names:
            self.assertIn(os.fsdecode(name), "\n".join(lines[:1] + listed), shown)
        if hint is not None:
            self.assertEqual(len(hints), 1, shown)
            self.assertIn(hint, hints[0])
        after = snapshot(self.folder)
        self.assertEqual(after.keys(), before.keys(), shown)
        self.assertEqual(after, before, shown)
        return result

    def assert_average_refused(self, inputs, *names, options=(), **expected):
        return self.assert_refused(["average", *inputs, "-o", self.output, *options], *names,
                                   **expected)
