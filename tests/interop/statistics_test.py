"""inspect --stats against numpy."""
import math
import unittest

import numpy as np

from array_models import BFLOAT16, cut_to_bfloat16, save_hdf5, save_onnx
from json_documents import by_name, inspected
from polyak_runner import FolderTest, digits

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def sample_arrays(seed=0):
    """Arrays of all dtypes, of odd sizes, ordinary ones and such with special values."""
    random = np.random.default_rng(seed)
    arrays = {}
    for dtype in ("float16", "float32", "float64"):
        for shape in ((), (1,), (3, 5, 7), (4096,), (257, 1031)):
            name = f"{dtype} {'x'.join(map(str, shape))}"
            arrays[name] = random.standard_normal(shape).astype(dtype) * np.ones((), dtype)
        special = random.standard_normal(9001).astype(dtype)
        special[::7] = 0
        special[1::701] = -0.0
        special[5::911] = np.nan
        special[6::1213] = np.inf
        special[8::1787] = -np.inf
        special[3] = np.finfo(dtype).smallest_subnormal
        arrays[f"{dtype} special"] = special
        arrays[f"{dtype} nothing finite"] = np.array([np.nan, np.inf], dtype)
    for dtype in INTEGERS:
        limits = np.iinfo(dtype)
        array = random.integers(limits.min, limits.max, 5003, dtype, endpoint=True)
        array[17] = 0
        arrays[dtype] = array
    arrays["bool"] = random.integers(0, 2, 4099).astype(bool)
    return arrays


class Statistics(FolderTest):
    def assert_near(self, found, expected, scale, name):
        if isinstance(found, str):
            found = float(found)
        self.assertTrue(math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-13 * scale),
                        f"{name}: {found} {expected}")

    def assert_those_of(self, found, array, name):
        stats = found["stats"]
        values = array.astype(np.float64) if array.dtype.kind == "f" else array
        self.assertEqual(stats["zeros"], int((array == 0).sum()), name)
        if array.dtype.kind == "f":
            self.assertEqual(stats["nans"], int(np.isnan(values).sum()), name)
            self.assertEqual(stats["infinities"], int(np.isinf(values).sum()), name)
            values = values[np.isfinite(values)]
        if values.size == 0:
            self.assertEqual([stats[key] for key in ("min", "max", "mean", "norm")], [None] * 4)
            return
        self.assertEqual(stats["min"], values.min().item(), name)
        self.assertEqual(stats["max"], values.max().item(), name)
        exact = [float(value) for value in values.flat]
        self.assert_near(stats["mean"], math.fsum(exact) / len(exact), max(map(abs, exact)), name)
        self.assert_near(stats["norm"], math.sqrt(math.fsum(x * x for x in exact)), 0, name)

    def assert_all(self, document, arrays):
        found = by_name(document)
        self.assertEqual(set(found), set(arrays))
        for name, array in arrays.items():
            self.assertEqual(found[name]["shape"], list(array.shape))
            self.assert_those_of(found[name], array, name)

    def test_of_an_onnx_model_are_numpys(self):
        arrays = sample_arrays()
        bfloat16 = {f"bfloat16 of {name}": cut_to_bfloat16(array)
                    for name, array in arrays.items() if name.startswith("float32")}
        path = save_onnx(self.folder / "a.onnx", arrays | bfloat16,
                         {name: BFLOAT16 for name in bfloat16})
        document = inspected(path, "--stats")
        self.assert_all(document, arrays | bfloat16)
        self.assertEqual(by_name(document)["bfloat16 of float32 special"]["dtype"], "bfloat16")

    def test_of_an_hdf5_file_are_numpys(self):
        arrays = {name: array for name, array in sample_arrays(1).items() if array.size > 0}
        arrays |= {f"big-endian {name}": array.astype(array.dtype.newbyteorder(">"))
                   for name, array in arrays.items() if array.dtype.kind != "b"}
        self.assert_all(inspected(save_hdf5(self.folder / "a.h5", arrays), "--stats"), arrays)

    def test_of_huge_and_tiny_float64_are_right(self):
        arrays = {"huge": np.full(5000, 1.5e308), "tiny": np.full(5000, 5e-324),
                  "wide": np.array([1e300] * 4097 + [1e-300] * 4097), "none": np.zeros(9)}
        arrays["cancelling"] = np.array([1.7e308, 1.7e308, -1.7e308, -1.7e308])
        found = by_name(inspected(save_onnx(self.folder / "a.onnx", arrays), "--stats"))
        self.assertTrue(math.isclose(found["huge"]["stats"]["mean"], 1.5e308, rel_tol=1e-13))
        self.assertEqual(found["huge"]["stats"]["norm"], "inf")
        self.assertEqual(found["tiny"]["stats"]["mean"], 5e-324)
        self.assertTrue(math.isclose(found["tiny"]["stats"]["norm"], 5e-324 * round(5000 ** 0.5),
                                     rel_tol=0.01))
        self.assertTrue(math.isclose(found["wide"]["stats"]["norm"], 1e300 * 4097 ** 0.5,
                                     rel_tol=1e-14))
        self.assertEqual(found["cancelling"]["stats"]["mean"], 0)
        self.assertEqual(found["none"]["stats"]["norm"], 0)

    def test_are_the_same_whatever_the_threads_and_the_memory(self):
        random = np.random.default_rng(3)
        arrays = {f"w{i}": random.standard_normal(size).astype(dtype)
                  for i, (size, dtype) in enumerate([(3000000, "float32"), (1000001, "float64"),
                                                     (3, "float32"), (2000003, "float16")])}
        path = save_onnx(self.folder / "a.onnx", arrays)
        expected = self.polyak("inspect", path, "--stats", "--json").stdout
        for options in (["-j1"], ["-j2"], ["-j7"], ["-j3", "--memory=64M"]):
            self.assertEqual(self.polyak("inspect", path, "--stats", "--json", *options).stdout,
                             expected, options)

    def test_are_none_of_what_has_none(self):
        import h5py
        path = self.folder / "a.h5"
        with h5py.File(path, "w") as file:
            file["tiny"] = np.array([(1, 2)], [("a", "i4"), ("b", "f4")])
            file["text"] = np.array([b"abc", b"de"])
            file["words"] = ["a", "longer"]
            file.create_dataset("empty", (0, 3), "f4")
        document = inspected(path, "--stats")
        for tensor in document["tensors"]:
            self.assertIsNone(tensor["stats"], tensor)
        self.assertFalse(by_name(document)["words"]["readable"])
        table = self.polyak("inspect", path, "--stats").stdout.splitlines()
        for line in table[1:5]:
            self.assertRegex(line, r"(  +-){7}  ")

    def test_of_complex_numbers_are_those_of_their_parts(self):
        import h5py
        path = self.folder / "a.h5"
        with h5py.File(path, "w") as file:
            file["z"] = np.array([3 + 4j, 0 - 12j, complex(np.nan, 0)], ">c16")
        found = by_name(inspected(path, "--stats"))["z"]
        self.assertEqual(found["elements"], 3)
        self.assertEqual(found["stats"], {"min": -12.0, "max": 4.0, "mean": -1.0, "norm": 13.0,
                                          "zeros": 2, "nans": 1, "infinities": 0})

    def test_of_real_checkpoints_are_the_same_in_both_formats(self):
        totals = [inspected(digits(12, suffix), "--stats")["totals"] for suffix in ("onnx", "h5")]
        for each in totals:
            del each["kinds"]  # roles are known of ONNX only
        self.assertEqual(totals[0], totals[1])
        norms = [sorted(tensor["stats"]["norm"]
                        for tensor in inspected(digits(12, suffix), "--stats")["tensors"])
                 for suffix in ("onnx", "h5")]
        for a, b in zip(*norms, strict=True):
            self.assertTrue(math.isclose(a, b, rel_tol=1e-12))


if __name__ == "__main__":
    unittest.main()
