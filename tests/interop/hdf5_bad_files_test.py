"""Damaged and hostile HDF5 files, read in place: refused, or answered, in bounded time and memory;
whatever the library does over them, polyak itself goes on, and leaves nothing.
"""
import collections
import random
import unittest

import h5py
import numpy

from hdf5_collection import (average_with_itself, complaint, files_of, in_parallel, run_measured)
from polyak_runner import IS_FULL, FolderTest, shared

SECONDS = 30
PEAK_KIB = 300 << 10


class BadFiles(FolderTest):
    def setUp(self):
        self.files = files_of(shared("hdf5-bad"))
        super().setUp()

    def check(self, job):
        complaints = in_parallel(job, self.files)
        self.assertEqual([f"{path.name}: {wrong}" for path, wrong in zip(self.files, complaints)
                          if wrong], [])

    def test_are_inspected_or_refused(self):
        statuses, slowest = collections.Counter(), []

        def job(path):
            ended = run_measured(["inspect", path], SECONDS)
            statuses[ended.status] += 1
            slowest.append((ended.seconds, ended.peak_kib, path.name))
            return complaint(ended, PEAK_KIB)
        self.check(job)
        print(f"\n{dict(statuses)}, slowest {max(slowest)}, "
              f"largest {max(peak for _, peak, _ in slowest)} KiB")

    def test_of_themselves_come_back_or_are_refused(self):
        statuses = collections.Counter()

        def job(path):
            ended, wrong = average_with_itself(path, self.folder, SECONDS)
            statuses[ended.status] += 1
            return wrong or complaint(ended, PEAK_KIB)
        self.check(job)
        print(f"\n{dict(statuses)}")

    def test_with_a_record_to_write_are_averaged_or_refused(self):
        """What changes the file's structure goes through the library."""
        def job(path):
            output = self.folder / f"{path.name}.mean"
            ended = run_measured(["average", path, path, "-o", output, "-q"], SECONDS)
            wrong = complaint(ended, PEAK_KIB)
            if output.exists() != (ended.status == 0):
                wrong = f"status {ended.status}, but {output.exists()=}"
            output.unlink(missing_ok=True)
            return wrong
        self.check(job)
        self.assertEqual(list(self.folder.iterdir()), [])


class Mutants(FolderTest):
    """Bytes, bits and whole words of a good file changed: 100 mutants, 3000 with POLYAK_FULL=1."""
    COUNT = 3000 if IS_FULL else 100

    def good(self):
        path = self.folder / "good.h5"
        source = numpy.random.default_rng(4)
        with h5py.File(path, "w") as file:
            file.attrs["keras_version"] = "3.5.0"
            file.attrs["layer_names"] = [b"dense", b"dense_1"]
            for i in range(3):
                place = file.create_group(f"dense_{i}")
                place.attrs["weight_names"] = ["kernel", "bias"]
                place["kernel"] = source.standard_normal((20, 10)).astype("f4")
                place.create_dataset("zipped", data=source.standard_normal((40, 10)), chunks=(8, 4),
                                     shuffle=True, compression=6, fletcher32=True)
                place.create_dataset("chunked", data=source.standard_normal((40, 10)),
                                     chunks=(8, 4), maxshape=(None, None))
        return path

    def mutant(self, data, seed):
        source = random.Random(seed)
        changed = bytearray(data)
        kind = source.randrange(4)
        if kind == 0:
            return changed[:source.randrange(len(changed))]
        for _ in range(source.choice((1, 1, 2, 8))):
            place = source.randrange(len(changed) - 8)
            if kind == 1:
                changed[place] ^= 1 << source.randrange(8)
            elif kind == 2:
                changed[place] = source.choice((0, 1, 127, 128, 255))
            else:
                word = source.choice((0, 1, 2**63, 2**64 - 1, len(data), 2**32, 8))
                changed[place:place + 8] = word.to_bytes(8, "little")
        return changed

    def test_are_averaged_or_refused(self):
        data = self.good().read_bytes()
        statuses = collections.Counter()

        def job(seed):
            path = self.folder / f"{seed}.h5"
            path.write_bytes(self.mutant(data, seed))
            output = self.folder / f"{seed}.mean"
            ended = run_measured(["average", path, self.folder / "good.h5", path, "-o", output,
                                  "-q", "--allow-nonfinite"], SECONDS)
            statuses[ended.status] += 1
            wrong = complaint(ended, PEAK_KIB)
            if output.exists() != (ended.status == 0):
                wrong = f"status {ended.status}, but {output.exists()=}"
            path.unlink()
            output.unlink(missing_ok=True)
            return f"mutant {seed}: {wrong}" if wrong else None
        complaints = in_parallel(job, range(self.COUNT))
        self.assertEqual([wrong for wrong in complaints if wrong], [])
        print(f"\n{dict(statuses)}")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["good.h5"])


if __name__ == "__main__":
    unittest.main()
