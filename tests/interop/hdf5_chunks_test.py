"""Chunks that are damaged, lie, or are far too many or too large: refused or averaged in bounded
time and memory.
"""
import unittest
import zlib

import h5py
import numpy
from h5py import h5z

from hdf5_checks import Hdf5Test
from hdf5_collection import complaint, run_measured
from hdf5_elements import ELEMENTS
from hdf5_models import Storage, create
from polyak_runner import run

CHUNK = (16, 16)
CHUNK_BYTES = 4 * 16 * 16
SECONDS = 60
SMALL_MEMORY = 64 << 10  # KiB: what --memory 64M allows


def values(k, shape):
    return numpy.random.default_rng([k, *shape]).standard_normal(shape).astype("<f4")


class DamagedChunks(Hdf5Test):
    """One chunk of four is written raw."""

    def file(self, name, raw, mask=0, **filters):
        path = self.folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            dataset = file.create_dataset("w", (32, 32), "<f4", chunks=CHUNK, **filters)
            dataset[...] = values(1, (32, 32))
            if raw is not None:
                dataset.id.write_direct_chunk((16, 16), raw, mask)
        return path

    def good(self, **filters):
        return self.file("good", None, **filters)

    def assert_refused(self, path, good, label):
        """In both places, as an input and as the template; named is the dataset."""
        for paths in ([path, good], [good, path]):
            output = self.folder / "out.h5"
            result = run("average", *paths, "-o", output)
            self.assertEqual(result.status, 1, label)
            errors = result.lines("polyak: error: ")
            self.assertEqual(len(errors), 1, label)
            self.assertRegex(errors[0], rf"{path.name}: w: ", label)
            self.assertFalse(output.exists(), label)

    def assert_answered(self, path, good, label):
        for paths in ([path, good], [good, path]):
            output = self.folder / "out.h5"
            ended = run_measured(["average", *paths, "-f", "-q", "--allow-nonfinite", "-o", output],
                                 SECONDS)
            self.assertIsNone(complaint(ended, 300 << 10), label)

    def test_of_gzip_that_are_no_stream_are_refused(self):
        packed = zlib.compress(values(2, CHUNK).tobytes())
        good = self.good(compression=4)
        for label, raw in {"cut short": packed[:-20], "half": packed[:len(packed) // 2],
                           "changed": packed[:50] + bytes(20) + packed[70:],
                           "no stream": b"\xff" * 100, "one byte": b"x",
                           "another checksum": packed[:-4] + b"abcd",
                           "too few elements": zlib.compress(bytes(CHUNK_BYTES - 4))}.items():
            self.assert_refused(self.file("bad", raw, compression=4), good, label)

    def test_of_gzip_that_say_more_than_they_should_are_answered(self):
        packed = zlib.compress(values(2, CHUNK).tobytes())
        good = self.good(compression=4)
        for label, raw in {"bytes behind it": packed + b"more", "too many elements":
                           zlib.compress(bytes(CHUNK_BYTES + 400)),
                           "a bomb": zlib.compress(bytes(64 << 20), 9)}.items():
            self.assert_answered(self.file("odd", raw, compression=4), good, label)

    def test_with_another_checksum_are_refused(self):
        raw = values(2, CHUNK).tobytes()
        good = self.good(fletcher32=True)
        for label, chunk in {"wrong": raw + b"abcd", "none": raw, "short": raw[:-9],
                             "nothing": b"abc"}.items():
            self.assert_refused(self.file("bad", chunk, fletcher32=True), good, label)

    def test_of_the_wrong_size_without_filters_are_answered(self):
        good = self.good()
        for size in (1, CHUNK_BYTES - 1, CHUNK_BYTES + 1):
            path = self.folder / "odd.h5"
            try:
                path = self.file("odd", bytes(size))
            except (OSError, ValueError):
                continue
            self.assert_answered(path, good, f"{size} bytes")

    def test_of_lzf_that_are_no_stream_are_refused(self):
        good = self.good(compression="lzf")
        for label, raw in {"changed": b"\xff" * 200, "one byte": b"\x1f",
                           "refers before its beginning": b"\x00a\xe0\xff\xff" * 9}.items():
            self.assert_refused(self.file("bad", raw, compression="lzf"), good, label)

    def test_that_skip_filters_that_are_none_are_answered(self):
        raw = values(2, CHUNK).tobytes()
        good = self.good(compression=4, shuffle=True)
        for mask in (3, 7, 0xFFFFFFFF, 1 << 31):
            path = self.file("odd", raw, mask, compression=4, shuffle=True)
            self.assert_answered(path, good, f"mask {mask:#x}")


class Bounds(Hdf5Test):
    def average_measured(self, paths, *options, most_kib):
        output = self.folder / "mean.h5"
        ended = run_measured(["average", *paths, "-q", "-f", "-o", output, *options], SECONDS)
        self.assertIsNone(complaint(ended, most_kib), paths)
        return ended.status, output

    def large(self, name, k, chunks, shape=(4096, 4096), **filters):
        """64 MiB of decoded elements, of few bits so that they are made quickly."""
        path = self.folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            dataset = file.create_dataset("w", shape, "<f4", chunks=chunks, **filters)
            row = (1 + values(k, (1, shape[1])).round(1))
            dataset[...] = numpy.repeat(row, shape[0], axis=0)
        return path

    def check_large(self, paths, *options):
        status, output = self.average_measured(paths, "--memory", "64M", *options,
                                               most_kib=SMALL_MEMORY)
        self.assertEqual(status, 0)
        with h5py.File(output, "r") as found:
            rows = []
            for path in paths:
                with h5py.File(path, "r") as file:
                    rows.append(file["w"][0].astype("f8"))
            expected = (sum(rows) / len(rows)).astype("f4")  # two: exact in float64
            for start in range(0, 4096, 512):
                block = found["w"][start:start + 512]
                self.assertTrue((block == expected).all(), start)

    def test_a_large_dataset_in_chunks_is_averaged_in_little_memory(self):
        zipped = {"compression": 1, "shuffle": True}
        self.check_large([self.large(f"{k}", k, (256, 1024), **zipped) for k in range(2)])

    def test_an_input_in_other_chunks_is_gathered_in_little_memory(self):
        zipped = {"compression": 1, "shuffle": True}
        paths = [self.large("a", 0, (1024, 128), **zipped),
                 self.large("b", 1, (64, 4096), **zipped)]
        self.check_large(paths)
        self.check_large(paths[::-1])
        plain = self.large("c", 2, None)
        self.check_large([plain, paths[0]])
        self.check_large([paths[0], plain])

    def test_a_chunk_that_does_not_fit_is_refused_or_averaged(self):
        """Of 64 MiB, in 64 MiB."""
        paths = [self.large(f"{k}", k, (4096, 4096), compression=1) for k in range(2)]
        status, _ = self.average_measured(paths, "--memory", "64M", most_kib=SMALL_MEMORY)
        self.assertIn(status, (0, 1))
        status, _ = self.average_measured(paths, "--memory", "1G", most_kib=1 << 20)
        self.assertEqual(status, 0)

    def test_many_chunks_are_averaged_in_little_memory(self):
        paths = []
        for k in range(2):
            paths.append(self.folder / f"{k}.h5")
            with h5py.File(paths[-1], "w", libver="latest") as file:
                file.create_dataset("w", data=values(k, (120000,)), chunks=(6,), compression=1)
        status, output = self.average_measured(paths, "--memory", "64M", most_kib=SMALL_MEMORY)
        self.assertEqual(status, 0)
        self.assert_averaged(paths, output)

    def test_datasets_that_say_they_are_huge_are_refused_or_averaged(self):
        """Nothing of them was written, or a single chunk."""
        for label, storage in {"contiguous": Storage(), "chunked": Storage((1024,)),
                               "large chunks": Storage((1 << 28,)),
                               "gzip": Storage((1024,), filters="gzip1"),
                               "unlimited": Storage((1024,), (None,))}.items():
            for elements in (1 << 34, 1 << 50):
                path = self.folder / "huge.h5"
                with h5py.File(path, "w") as file:
                    file["small"] = values(0, (4,))
                    dataset = create(file, "w", ELEMENTS["float32le"], (elements,), storage)
                    if label in ("chunked", "gzip", "unlimited"):
                        dataset[5000:5010] = 1
                with self.subTest(f"{label}, {elements}"):
                    self.average_measured([path, path], most_kib=300 << 10)
                    ended = run_measured(["inspect", path], SECONDS)
                    self.assertIsNone(complaint(ended, 300 << 10))

    def test_filters_with_parameters_that_make_no_sense_are_answered(self):
        for number, parameters in ((h5z.FILTER_DEFLATE, (99,)), (h5z.FILTER_DEFLATE, ()),
                                   (h5z.FILTER_SHUFFLE, (0,)), (h5z.FILTER_SHUFFLE, (3,)),
                                   (h5z.FILTER_LZF, (4, 261, 5)), (h5z.FILTER_SZIP, (1, 2, 3, 4)),
                                   (h5z.FILTER_FLETCHER32, (1, 2))):
            path = self.folder / "odd.h5"
            with h5py.File(path, "w") as file:
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_chunk(CHUNK)
                plist.set_filter(number, h5z.FLAG_OPTIONAL, parameters)
                try:
                    made = h5py.h5d.create(file.id, b"w", h5py.h5t.IEEE_F32LE,
                                           h5py.h5s.create_simple((32, 32)), plist)
                    made.write_direct_chunk((0, 0), values(0, CHUNK).tobytes())
                except (OSError, ValueError, RuntimeError):
                    continue
            self.average_measured([path, path], most_kib=300 << 10)


if __name__ == "__main__":
    unittest.main()
