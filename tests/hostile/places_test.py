"""Paths that are not what they seem: outputs that are inputs, inputs that are no files, and inputs
that change while they are read.
"""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import h5py  # noqa: E402
import numpy  # noqa: E402

import keras_rows  # noqa: E402
import onnx_rows  # noqa: E402
from polyak_runner import FolderTest, need_program, run  # noqa: E402
from stopped_run import StoppedRun, reads_of  # noqa: E402
from zip_parts import archive  # noqa: E402

SECONDS = 30  # a hang


class OutputThatIsAnInput(FolderTest):
    """By whatever path, forced or not, the file stays as it is."""

    def assert_refused(self, inputs, output, data):
        before = data.read_bytes()
        for options in ([], ["-f"]):
            result = run("average", *inputs, "-o", output, *options, seconds=SECONDS)
            self.assertEqual(result.status, 2 if options else result.status, result.stderr)
            self.assertIn(result.status, (1, 2), result.stderr)
            errors = result.lines("polyak: error: ")
            self.assertEqual(len(errors), 1, result.stderr)
            self.assertRegex(errors[0], "input|exists|is there" if not options else "input")
            self.assertEqual(data.read_bytes(), before)
        self.assertEqual([p for p in self.folder.rglob("*") if ".polyak-" in p.name], [])

    def paths_of(self, data):
        """The same file by other names."""
        data.parent.joinpath("hard" + data.suffix).hardlink_to(data)
        data.parent.joinpath("soft" + data.suffix).symlink_to(data.name)
        linked = self.folder / f"linked_{data.parent.name}"
        linked.symlink_to(data.parent)
        (data.parent / "sub").mkdir(exist_ok=True)
        return [data, data.parent / f"hard{data.suffix}", data.parent / f"soft{data.suffix}",
                linked / data.name, data.parent / "sub" / ".." / data.name]

    def check(self, make, data_of=lambda path: path):
        inputs = [make(self.folder / f"{k}", k) for k in range(2)]
        for path in inputs:
            for output in self.paths_of(data_of(path)):
                with self.subTest(output):
                    self.assert_refused(inputs, output, data_of(path))

    def test_of_onnx_is_refused(self):
        self.check(onnx_rows.named("w"))

    def test_of_external_data_is_refused(self):
        self.check(onnx_rows.external(("location", "w.bin")), lambda path: path.parent / "w.bin")

    def test_of_hdf5_is_refused(self):
        def make(folder, k):
            return keras_rows.write(folder, keras_rows.weights(k), "m.h5")
        self.check(make)

    def test_of_an_archive_is_refused(self):
        self.check(lambda folder, k: keras_rows.write(folder, archive(*keras_rows.parts(k))))

    def test_of_sharded_weights_is_refused(self):
        self.check(keras_rows.shards(lambda document: None))

    def test_of_a_shard_is_refused(self):
        self.check(keras_rows.shards(lambda document: None),
                   lambda path: path.parent / "m_00001.weights.h5")


class PathThatIsNoFile(FolderTest):
    def setUp(self):
        super().setUp()
        self.good = [onnx_rows.named("w")(self.folder / f"{k}", k) for k in range(2)]
        os.mkfifo(self.folder / "fifo")
        (self.folder / "zero").symlink_to("/dev/zero")
        (self.folder / "folder").mkdir()
        self.kinds = {"fifo": "FIFO|regular", "zero": "device|regular", "folder": "folder"}

    def assert_error(self, arguments, pattern):
        before = sorted(path.name for path in self.folder.rglob("*"))
        result = run("average", *arguments, seconds=SECONDS)
        self.assertIn(result.status, (1, 2), result.stderr)
        errors = result.lines("polyak: error: ")
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertRegex(errors[0], pattern)
        self.assertEqual(sorted(path.name for path in self.folder.rglob("*")), before)

    def test_as_a_list_of_paths_is_refused(self):
        for name, pattern in self.kinds.items():
            self.assert_error([f"@{self.folder / name}", "-o", self.folder / "out"], pattern)

    def test_in_a_list_of_paths_is_refused(self):
        for name in ("fifo", "zero"):
            (self.folder / "list").write_text(f"{self.good[0]}\n{self.folder / name}\n")
            self.assert_error([f"@{self.folder / 'list'}", "-o", self.folder / "out"],
                              self.kinds[name])

    def test_in_a_folder_of_checkpoints_is_refused_or_left_out(self):
        for name in ("fifo", "zero"):
            place = self.folder / f"in_{name}"
            place.mkdir()
            for k, path in enumerate(self.good):
                path.rename(place / f"{k}.onnx")
            (self.folder / name).rename(place / "9.onnx")
            self.assert_error([place, "-o", self.folder / "out"], self.kinds[name])
            for k, path in enumerate(self.good):
                (place / f"{k}.onnx").rename(path)

    def test_as_the_output_is_refused(self):
        for name, pattern in self.kinds.items():
            for options in ([], ["-f"]):
                self.assert_error([*self.good, "-o", self.folder / name, *options], pattern)

    def test_as_the_report_is_refused_before_anything_is_done(self):
        for name, pattern in self.kinds.items():
            self.assert_error([*self.good, "-o", self.folder / "out", "--report",
                               self.folder / name], pattern)

    def test_as_the_template_is_refused(self):
        for name in self.kinds:
            self.assert_error([*self.good, "-o", self.folder / "out", "--template",
                               self.folder / name], "template")


MEBIBYTE = 1 << 20


def large_onnx(folder, k):
    return onnx_rows.write(folder, onnx_rows.model(
        onnx_rows.tensor("w", k, (MEBIBYTE,), numpy.full(MEBIBYTE, k, "<f4").tobytes())))


def large_external(folder, k):
    path = onnx_rows.write(folder, onnx_rows.model(onnx_rows.tensor(
        "w", k, (MEBIBYTE,), ..., more=onnx_rows.entries(("location", "w.bin")))))
    (folder / "w.bin").write_bytes(numpy.full(MEBIBYTE, k, "<f4").tobytes())
    return path


def large_hdf5(**options):
    def make(folder, k):
        folder.mkdir()
        with h5py.File(folder / "m.h5", "w") as file:
            file.create_dataset("w", data=numpy.arange(MEBIBYTE, dtype="<f4") + k, **options)
        return folder / "m.h5"
    return make


def large_archive(folder, k):
    path = large_hdf5()(folder, k)
    members = keras_rows.parts(k)
    members[2].content = path.read_bytes()
    return keras_rows.write(folder, archive(*members))


def overwrite(path):
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size - 40)
        file.write(b"\x3f" * 4)


def truncate(path):
    os.truncate(path, path.stat().st_size - 40)


def truncate_all(path):
    os.truncate(path, 0)


def append(path):
    with open(path, "ab") as file:
        file.write(b"\0" * 8)


def same_size_and_time(path):
    """Somebody who puts the time of the change back: that of the status can't be."""
    status = path.stat()
    overwrite(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


class InputThatChanges(FolderTest):
    """Between two reads of its elements: a stopped run, so that no clock decides it."""

    def setUp(self):
        need_program("strace")
        if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
            self.skipTest("strace may not trace here")
        super().setUp()

    def check(self, make, data_of=lambda path: path, cause="changed while it was read|ends early"):
        """The first input's file of elements, in each way, after the first large read of it."""
        changes = (overwrite, truncate, truncate_all, append, same_size_and_time)
        for change in changes:
            with self.subTest(change.__name__):
                place = self.folder / change.__name__
                out = place / "out"
                out.mkdir(parents=True)
                inputs = [make(place / f"{k}", k) for k in range(2)]
                command = ["average", *inputs, "-j", "1", "-o", out / inputs[0].name]
                numbers = reads_of(command, data_of(inputs[0]), self.folder)
                self.assertGreater(len(numbers), 1, "elements of one read")
                for path in out.iterdir():
                    path.unlink()
                stopped = StoppedRun(command, numbers[0], data_of(inputs[0]), self.folder)
                self.assertGreater(stopped.reads_before, 0, "it was not open yet")
                change(data_of(inputs[0]))
                status, stderr, reads_after = stopped.go_on()
                self.assertGreater(reads_after, 0, "the change came after the last read")
                self.assertEqual(status, 1, stderr)
                errors = [line for line in stderr.splitlines()
                          if line.startswith("polyak: error: ")]
                self.assertEqual(len(errors), 1, stderr)
                self.assertRegex(errors[0], cause)
                self.assertEqual(list(out.iterdir()), [])

    def test_of_onnx_is_an_error(self):
        self.check(large_onnx)

    def test_of_external_data_is_an_error(self):
        self.check(large_external, lambda path: path.parent / "w.bin")

    def test_of_hdf5_is_an_error(self):
        self.check(large_hdf5())

    def test_of_chunks_is_an_error(self):
        """What a chunk unpacks to may tell it first."""
        self.check(large_hdf5(chunks=(1 << 18,), compression="gzip", compression_opts=1),
                   cause="changed while it was read|ends early|w: chunk")

    def test_of_an_archive_is_an_error(self):
        self.check(large_archive)


if __name__ == "__main__":
    unittest.main()
