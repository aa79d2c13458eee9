"""HDF5 files of other projects' test suites, read in place: each is answered, or refused in one
line; of itself it comes back byte for byte.
"""
import collections
import re
import unittest

import h5py
import numpy

from hdf5_checks import Hdf5Test
from hdf5_collection import (average_with_itself, complaint, files_of, in_parallel, run_measured)
from hdf5_elements import assert_mean, datasets_of, number_of, stored_bytes
from polyak_runner import IS_FULL, run, shared

SECONDS = 60
PEAK_KIB = 300 << 10  # --memory's default, and some


class RealFiles(Hdf5Test):
    def setUp(self):
        self.files = files_of(shared("hdf5"))
        super().setUp()

    def assert_none(self, complaints):
        found = [f"{path.name}: {wrong}" for path, wrong in zip(self.files, complaints) if wrong]
        self.assertEqual(found, [])

    def test_are_inspected_or_refused_in_one_line(self):
        statuses = collections.Counter()

        def job(path):
            ended = run_measured(["inspect", path], SECONDS)
            statuses[ended.status] += 1
            return complaint(ended, PEAK_KIB)
        self.assert_none(in_parallel(job, self.files))
        print(f"\n{len(self.files)} files, inspect's statuses: {dict(statuses)}")
        self.assertGreater(statuses[0], len(self.files) // 2)

    def test_of_themselves_come_back_or_are_refused_in_one_line(self):
        kinds = collections.Counter()

        def job(path):
            ended, wrong = average_with_itself(path, self.folder, SECONDS)
            error = next((line for line in ended.stderr.splitlines() if "error: " in line), "")
            kinds[re.sub(r".*\.(h5|hdf5|mat|nc)\b:?", "", error)[-60:] or "averaged"] += 1
            return wrong or complaint(ended, PEAK_KIB)
        self.assert_none(in_parallel(job, self.files))
        print(f"\n{len(self.files)} files averaged with themselves:")
        for kind, count in kinds.most_common(25):
            print(f"  {count:4} {kind}")
        self.assertGreater(kinds["averaged"], 40)

    def test_with_other_values_in_a_copy_are_averaged_exactly(self):
        """Of those that h5py can write to. All of them with POLYAK_FULL=1, a fourth without."""
        chosen = self.files if IS_FULL else self.files[::4]
        counts = collections.Counter(in_parallel(self.check_copy, chosen))
        print(f"\n{len(chosen)} files with a changed copy: {dict(counts)}")
        self.assertGreater(counts["averaged"], len(chosen) // 16)

    def check_copy(self, path):
        copy = self.folder / f"copy_{path.name}"
        copy.write_bytes(path.read_bytes())
        try:
            names = change_floats(copy)
        except (OSError, RuntimeError, KeyError, TypeError, ValueError):
            names = []
        if not names:
            return "not changed"
        output = self.folder / f"mean_{path.name}"
        result = run("average", copy, path, "-o", output, "--no-provenance", "--allow-nonfinite")
        if result.status != 0:
            self.assertEqual(len(result.lines("polyak: error: ")), 1, f"{path}: {result.stderr}")
            return "refused"
        with h5py.File(copy, "r") as first, h5py.File(path, "r") as second, \
                h5py.File(output, "r") as found:
            for name in names:
                assert_mean(self, [first[name], second[name]], found[name], f"{path}: {name}")
        self.assert_same_structure(path, output)
        return "averaged"


def change_floats(path):
    """Turns the exponents' lowest bits of finite floats; the names of what was changed."""
    names = []
    with h5py.File(path, "r+") as file:
        for name, dataset in datasets_of(file).items():
            number = number_of(dataset)
            if number is None or number[1] is None or not dataset.size:
                continue
            stored = stored_bytes(dataset)
            bits = stored.reshape(-1).view(f"{number[1]}u{number[0].bytes}")
            if not all(number[0].is_finite(int(one)) for one in bits):
                continue
            lower = bits ^ numpy.arange(len(bits)).astype(bits.dtype) % 7
            values = lower.astype(bits.dtype).view(f"V{stored.shape[1]}").reshape(dataset.shape)
            dataset.id.write(h5py.h5s.ALL, h5py.h5s.ALL, values, dataset.id.get_type())
            names.append(name)
    return names


if __name__ == "__main__":
    unittest.main()
