"""diff against numpy."""
import math
import unittest

import numpy as np

from array_models import BFLOAT16, cut_to_bfloat16, save_hdf5, save_onnx
from json_documents import by_name, compared
from polyak_runner import FolderTest
from statistics_test import sample_arrays

_SIGNED = {2: np.int16, 4: np.int32, 8: np.int64}


def places(array):
    """Whole numbers, as Python has them, in the order of the floats' values; both zeros are 0."""
    bits = array.view(_SIGNED[array.dtype.itemsize])
    return [int(b) if b >= 0 else -(int(b) + (1 << (8 * array.dtype.itemsize - 1)))
            for b in bits.flat]


def is_same_nan(a, b):
    """Where both have NaN of the same bits; of two dtypes, any NaN."""
    both = (np.isnan(a) & np.isnan(b)).reshape(-1)
    if a.dtype == b.dtype:
        integer = _SIGNED[a.dtype.itemsize]
        both &= (a.view(integer) == b.view(integer)).reshape(-1)
    return both


def changed(array, random):
    """The array with about a third of its elements a little, or altogether, different."""
    other = array.copy().reshape(-1)
    where = random.random(other.size) < 0.3
    where[0] = True
    if array.dtype.kind == "f":
        other[where] = (other[where].astype(np.float64) * 1.01 + 0.001).astype(array.dtype)
    elif array.dtype.kind == "b":
        other[where] = ~other[where]
    else:
        other[where] = np.random.default_rng(5).permutation(other)[where]
    return other.reshape(array.shape)


class Differences(FolderTest):
    def assert_near(self, found, expected, message):
        found = float(found)
        self.assertTrue(math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-15),
                        f"{message}: {found} {expected}")

    def assert_floats(self, found, a, b, bits=None):
        """bits: how many of a float32's the dtype has, where it is cut."""
        name = found["name"]
        x, y = a.reshape(-1).astype(np.float64), b.reshape(-1).astype(np.float64)
        differs = (x != y) & ~is_same_nan(a, b)
        finite = np.isfinite(x) & np.isfinite(y)
        self.assertEqual(found["differing"], int(differs.sum()), name)
        self.assertEqual(found["nonfinite_mismatches"], int((differs & ~finite).sum()), name)
        x, y = x[finite], y[finite]
        self.assertEqual(found["max_difference"], np.abs(x - y).max(initial=0), name)
        if a.dtype == b.dtype:
            mask = finite.reshape(a.shape)
            ulps = max((abs(p - q) for p, q in zip(places(a[mask]), places(b[mask]))), default=0)
            self.assertEqual(found["max_ulps"], ulps >> (32 - bits if bits else 0), name)
        if (x * x).sum() > 0:
            self.assert_near(found["relative_l2"], np.linalg.norm(x - y) / np.linalg.norm(x), name)
        if differs.any() and (x * x).sum() > 0 and (y * y).sum() > 0:
            self.assert_near(found["cosine"],
                             np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)), name)

    def assert_integers(self, found, a, b):
        exact = [abs(int(x) - int(y)) for x, y in zip(a.flat, b.flat)]
        self.assertEqual(found["differing"], sum(d > 0 for d in exact), found["name"])
        self.assertEqual(found["max_difference"], float(max(exact)), found["name"])
        self.assertIsNone(found["max_ulps"])
        self.assertIsNone(found["relative_l2"])

    def assert_all(self, document, first, second):
        for name, found in by_name(document).items():
            if first[name].dtype.kind == "f":
                self.assert_floats(found, first[name], second[name],
                                   16 if name.startswith("bfloat16") else None)
            else:
                self.assert_integers(found, first[name], second[name])

    def two_sets(self):
        random = np.random.default_rng(11)
        first = {name: array for name, array in sample_arrays().items()}
        return first, {name: changed(array, random) for name, array in first.items()}

    def test_of_onnx_models_are_numpys(self):
        first, second = self.two_sets()
        cut = {}
        for arrays in (first, second):
            halves = {f"bfloat16 of {name}": cut_to_bfloat16(array)
                      for name, array in arrays.items() if name.startswith("float32")}
            cut = {name: BFLOAT16 for name in halves}
            arrays |= halves
        a = save_onnx(self.folder / "a.onnx", first, cut)
        b = save_onnx(self.folder / "b.onnx", second, cut)
        status, document = compared(a, b)
        self.assertEqual(status, 1)
        self.assertEqual(len(document["tensors"]), len(first))
        self.assert_all(document, first, second)

    def test_across_formats_and_byte_orders_are_numpys(self):
        first, second = self.two_sets()
        a = save_onnx(self.folder / "a.onnx", first)
        b = save_hdf5(self.folder / "b.h5", {
            name: array if array.dtype.kind == "b" else array.astype(array.dtype.newbyteorder(">"))
            for name, array in second.items()})
        status, document = compared(a, b)
        self.assertEqual(status, 1)
        self.assert_all(document, first, second)

    def test_of_two_kinds_of_float_are_those_of_the_values(self):
        values = np.random.default_rng(2).standard_normal(9999).astype(np.float32)
        a = save_onnx(self.folder / "a.onnx", {"w": values, "v": values.astype(np.float16)})
        b = save_hdf5(self.folder / "b.h5", {"w": values.astype(np.float16),
                                             "v": values.astype(np.float16).astype(np.float64)})
        status, document = compared(a, b)
        self.assertEqual(status, 1)
        found = by_name(document)
        self.assertEqual({tensor["result"] for tensor in found.values()}, {"other_dtype"})
        self.assertIsNone(found["w"]["max_ulps"])
        self.assert_floats(found["w"], values, values.astype(np.float16).astype(np.float64))
        self.assertEqual(found["v"]["differing"], 0)
        self.assertEqual(found["v"]["cosine"], 1)

    def test_of_huge_and_tiny_float64_are_right(self):
        a = save_onnx(self.folder / "a.onnx", {"huge": np.array([3e300, 4e300]),
                                               "tiny": np.array([3e-300, 4e-300]),
                                               "beyond": np.array([1.7e308]),
                                               "from zero": np.zeros(3)})
        b = save_onnx(self.folder / "b.onnx", {"huge": np.array([3e300, 0]),
                                               "tiny": np.array([3e-300, 0]),
                                               "beyond": np.array([-1.7e308]),
                                               "from zero": np.ones(3)})
        found = by_name(compared(a, b)[1])
        for name in ("huge", "tiny"):
            self.assert_near(found[name]["relative_l2"], 0.8, name)
            self.assert_near(found[name]["cosine"], 0.6, name)
        self.assertEqual(found["beyond"]["max_difference"], "inf")
        self.assertEqual(found["beyond"]["cosine"], -1)
        self.assertEqual(found["from zero"]["relative_l2"], "inf")
        self.assertIsNone(found["from zero"]["cosine"])

    def test_are_the_same_whatever_the_threads_and_the_memory(self):
        random = np.random.default_rng(3)
        paths = []
        for name in ("a", "b"):
            arrays = {"w": random.standard_normal(3000000).astype(np.float32),
                      "v": random.standard_normal(70001), "n": np.arange(1234567)}
            paths.append(save_onnx(self.folder / f"{name}.onnx", arrays))
        _, expected = compared(*paths)
        for options in (["-j1"], ["-j7"], ["-j3", "--memory=64M"]):
            self.assertEqual(compared(*paths, *options)[1], expected, options)


if __name__ == "__main__":
    unittest.main()
