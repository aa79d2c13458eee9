"""Every element of a linear average is the true mean rounded once: against exact rationals."""
import struct
import unittest
from fractions import Fraction

import h5py
import numpy

import onnx_models
from element_samples import samples
from float_rounding import (FLOAT16, FLOAT32, FLOAT64, FORMATS, as_float64, ema_weights,
                            mean_of_columns)
from polyak_runner import FolderTest, last_four, run

BITS_TYPE = {2: "u2", 4: "u4", 8: "u8"}


def interpolation_weights(p):
    return [Fraction(p), as_float64(1 - Fraction(p))]


def onnx_bits(path):
    """{name: (format, bits)} of an ONNX model's tensors."""
    return {tensor.name: (onnx_models.FORMAT_OF[tensor.data_type], onnx_models.bits_of(tensor))
            for tensor in onnx_models.all_tensors(onnx_models.load(path))}


def hdf5_bits(path):
    """The same of an HDF5 file's datasets."""
    formats = {2: FLOAT16, 4: FLOAT32, 8: FLOAT64}
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            elements = item[()].astype(item.dtype.newbyteorder("<")).reshape(-1)
            size = item.dtype.itemsize
            found[name] = (formats[size], elements.view("<" + BITS_TYPE[size]).tolist())
    with h5py.File(path, "r") as file:
        file.visititems(note)
    return found


class ExactTest(FolderTest):
    def assert_exact(self, inputs, output, read, weights, normalised=True):
        """The output's elements are what `weights` make of the inputs'."""
        columns = [read(path) for path in inputs]
        found = read(output)
        self.assertEqual(found.keys(), columns[-1].keys())
        self.assertTrue(found)
        for name, (number, bits) in found.items():
            expected = mean_of_columns([column[name][1] for column in columns], weights, number,
                                       normalised)
            for i, (a, b) in enumerate(zip(bits, expected, strict=True)):
                if a != b:
                    given = [hex(column[name][1][i]) for column in columns]
                    self.fail(f"{name}[{i}] ({number.name}) of {given}: found {a:#x}, "
                              f"exactly {b:#x}")


class TheOracle(unittest.TestCase):
    """Without it right, nothing below means anything."""

    def test_rounds_to_the_narrow_formats_as_numpy_does(self):
        for number, dtype in ((FLOAT32, "f4"), (FLOAT16, "f2")):
            for row in samples(FLOAT64, 2, 20, 3).values():
                for bits in row[0] + row[1]:
                    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
                    if value == 0:
                        continue
                    with numpy.errstate(all="ignore"):
                        narrow = numpy.array([value]).astype("<" + dtype)
                    expected = int(narrow.view("<u" + dtype[1])[0])
                    found = number.rounded(Fraction(value))
                    if value < 0:
                        found |= number.sign_bit
                    self.assertEqual(found, expected, value)
            for k in range(0, number.largest, number.largest // 3000):  # ties, and beside them
                tie = (number.value(k) + number.value(k + 1)) / 2
                self.assertEqual(number.rounded(tie), k + k % 2)
                self.assertEqual(number.rounded(tie * (1 + Fraction(2) ** -60)), k + 1)
                self.assertEqual(number.rounded(tie * (1 - Fraction(2) ** -60)), k)

    def test_reads_back_every_value_that_it_rounds(self):
        for number in FORMATS:
            for rows in samples(number, 2, 20, 4).values():
                for bits in rows[0] + rows[1]:
                    if bits & (number.sign_bit - 1):
                        self.assertEqual(number.rounded(number.value(bits)), bits)

    def test_knows_some_means_by_heart(self):
        one, next_one = 0x3F800000, 0x3F800001
        uniform = [1, 1]
        self.assertEqual(mean_of_columns([[one], [next_one]], uniform, FLOAT32), [one])
        self.assertEqual(mean_of_columns([[next_one], [next_one + 1]], uniform, FLOAT32),
                         [next_one + 1])
        self.assertEqual(mean_of_columns([[1 << 31], [0]], uniform, FLOAT32), [0])
        self.assertEqual(mean_of_columns([[1 << 31], [1 << 31]], uniform, FLOAT32), [1 << 31])
        self.assertEqual([weight * 2 for weight in ema_weights(0.5, 3)], [1, 1, 2])


class AverageOfTheDigitsModels(ExactTest):
    def check_all_methods(self, suffix, read):
        inputs = last_four(suffix)
        cases = (
            ("uniform", [], [1, 1, 1, 1]),
            ("ema", ["--method", "ema", "--decay", "0.9"], ema_weights(0.9, 4)),
            ("weights", ["--weights", "0.1,0.2,0.3,0.7"], [0.1, 0.2, 0.3, 0.7]),
            ("whole-weights", ["--method", "weights", "--weights", "1,2,0,5"], [1, 2, 0, 5]),
        )
        for name, options, weights in cases:
            with self.subTest(name):
                output = self.average(inputs, f"{name}.{suffix}", *options)
                self.assert_exact(inputs, output, read, weights)

    def test_onnx_is_exact_for_every_method(self):
        self.check_all_methods("onnx", onnx_bits)

    def test_hdf5_is_exact_for_every_method(self):
        self.check_all_methods("h5", hdf5_bits)

    def test_interpolation_is_exact_for_every_p(self):
        for suffix, read in (("onnx", onnx_bits), ("h5", hdf5_bits)):
            inputs = last_four(suffix)[:2]
            for p in (0.3, 0.0, 1.0):
                with self.subTest(suffix, p=p):
                    output = self.folder / f"{p}.{suffix}"
                    self.polyak("interpolate", *inputs, "-p", repr(p), "-o", output)
                    self.assert_exact(inputs, output, read, interpolation_weights(p))

    def test_onnx_and_hdf5_averages_hold_the_same_numbers(self):
        """Under the transpositions that train_digits.py makes."""
        numbers = onnx_models.load(self.average(last_four("onnx"), "average.onnx"))
        numbers = {tensor.name: numpy.frombuffer(tensor.raw_data, "<f4").reshape(tensor.dims)
                   for tensor in numbers.graph.initializer}
        kinds = {"gamma:0": "weight", "beta:0": "bias", "moving_mean:0": "running_mean",
                 "moving_variance:0": "running_var", "bias:0": "bias", "kernel:0": "weight"}
        compared = set()
        with h5py.File(self.average(last_four("h5"), "average.h5"), "r") as file:
            for layer in file:
                for weight in file[layer].get(layer, {}):
                    name = f"{layer}.{kinds[weight]}"
                    expected = numbers[name]
                    if weight == "kernel:0":
                        order = (2, 3, 1, 0) if expected.ndim == 4 else (1, 0)
                        expected = expected.transpose(order)
                    found = file[layer][layer][weight][()]
                    self.assertEqual(found.shape, expected.shape)
                    self.assertEqual(found.tobytes(), numpy.ascontiguousarray(expected).tobytes(),
                                     name)
                    compared.add(name)
        self.assertEqual(compared, numbers.keys())


class AverageOfHardElements(ExactTest):
    """All four dtypes in one ONNX model, one tensor per kind of trouble."""

    PER_KIND = 120

    def models(self, inputs, seed=0):
        tensors = [[] for _ in range(inputs)]
        for number in FORMATS:
            for kind, rows in samples(number, inputs, self.PER_KIND, seed).items():
                for k, row in enumerate(rows):
                    tensors[k].append(onnx_models.raw_tensor(f"{number.name} {kind}", number, row))
        return [onnx_models.save(onnx_models.model_of(tensors[k]), self.folder / f"{k}.onnx")
                for k in range(inputs)]

    def check(self, inputs, options, weights, normalised=True):
        paths = self.models(inputs)
        output = self.average(paths, "output.onnx", *options)
        self.assert_exact(paths, output, onnx_bits, weights, normalised)

    def test_uniform_is_exact(self):
        for inputs in (2, 3, 4, 5, 8, 13):
            with self.subTest(inputs=inputs):
                self.check(inputs, ["--force"], [1] * inputs)

    def test_weights_are_exact(self):
        for text in ("1,2,1", "0.1,0.2,0.3", "1e300,1e-300,1", "5e-324,5e-324,1e-323",
                     "1.7976931348623157e308,1,1.7976931348623157e308", "3,0,4", "0,0,7"):
            with self.subTest(text):
                weights = [float(weight) for weight in text.split(",")]
                self.check(3, ["--force", "--weights", text], weights)

    def test_weights_that_extrapolate_are_exact(self):
        """Of values well inside the range, that the result stays finite."""
        tensors = [[], []]
        for number in FORMATS:
            for kind in ("subnormals", "zeros", "equal"):
                rows = samples(number, 2, self.PER_KIND, 5)[kind]
                small = [[bits & ~(1 << (number.bits - 2)) for bits in row] for row in rows]
                for k in range(2):
                    name = f"{number.name} {kind}"
                    tensors[k].append(onnx_models.raw_tensor(name, number, small[k]))
        paths = [onnx_models.save(onnx_models.model_of(tensors[k]), self.folder / f"{k}.onnx")
                 for k in range(2)]
        output = self.average(paths, "output.onnx", "--extrapolate", "--weights", "1.5,-0.25")
        self.assert_exact(paths, output, onnx_bits, [1.5, -0.25])

    def test_weights_that_are_not_normalised_are_exact(self):
        self.check(3, ["--weights", "0.25,0.1,0.3", "--no-normalize"], [0.25, 0.1, 0.3],
                   normalised=False)

    def test_ema_is_exact(self):
        for decay, inputs in ((0.9, 4), (0.5, 3), (0.999, 10), (0.0, 3), (1e-3, 12), (0.3, 30)):
            with self.subTest(decay=decay, inputs=inputs):
                self.check(inputs, ["--force", "--method", "ema", "--decay", repr(decay)],
                           ema_weights(decay, inputs))

    def test_ema_weights_too_small_to_matter_are_dropped_with_a_warning(self):
        paths = self.models(12)
        output = self.folder / "output.onnx"
        result = self.polyak("average", *paths, "--method", "ema", "--decay", "1e-20", "-o", output)
        self.assertIn("warning", result.stderr)
        weights = ema_weights(1e-20, 12)
        self.assertIn(0, weights)
        self.assert_exact(paths, output, onnx_bits, weights)

    def test_interpolation_is_exact(self):
        paths = self.models(2)
        for p in (0.3, 0.0, 1.0, 0.5, 1e-17, 5e-324, 0.9999999999999999):
            with self.subTest(p=p):
                output = self.folder / "output.onnx"
                self.polyak("interpolate", *paths, "-p", repr(p), "-f", "-o", output)
                self.assert_exact(paths, output, onnx_bits, interpolation_weights(p))

    def test_hdf5_is_exact_in_every_size_and_byte_order(self):
        inputs = 3
        types = [(order + "f" + str(number.bytes), number) for number in (FLOAT16, FLOAT32, FLOAT64)
                 for order in "<>"]
        paths = [self.folder / f"{k}.h5" for k in range(inputs)]
        for k, path in enumerate(paths):
            with h5py.File(path, "w") as file:
                for dtype, number in types:
                    for kind, rows in samples(number, inputs, self.PER_KIND, 6).items():
                        bits = numpy.array(rows[k], BITS_TYPE[number.bytes])
                        # Bits first, byte order after: no conversion may touch a value.
                        ordered = bits.astype(dtype[0] + BITS_TYPE[number.bytes]).view(dtype)
                        file.create_dataset(f"{dtype}/{kind}", data=ordered.reshape(5, -1))
        for options, weights in (([], [1, 1, 1]), (["--weights", "0.1,0.2,0.3"], [0.1, 0.2, 0.3])):
            output = self.average(paths, "output.h5", "--force", *options)
            self.assert_exact(paths, output, hdf5_bits, weights)


class ElementsThatAreNotFinite(ExactTest):
    def models(self, rows):
        return [onnx_models.save(onnx_models.model_of([onnx_models.raw_tensor("w", FLOAT32, row)]),
                                 self.folder / f"{k}.onnx") for k, row in enumerate(rows)]

    INFINITY = 0x7F800000
    SIGNALLING = 0x7FA00001
    ONE = 0x3F800000

    def test_are_kept_with_a_warning_where_all_inputs_agree(self):
        row = [self.INFINITY, self.SIGNALLING, self.INFINITY | 1 << 31, self.ONE]
        paths = self.models([row, row])
        output = self.folder / "output.onnx"
        result = self.polyak("average", *paths, "-o", output)
        self.assertEqual(onnx_bits(output)["w"][1], row)
        self.assertRegex(result.stderr, r"warning: 3 elements are NaN or infinite")

    def test_are_not_looked_at_in_an_input_of_weight_zero(self):
        paths = self.models([[self.ONE], [self.SIGNALLING], [self.ONE + 1]])
        output = self.average(paths, "output.onnx", "--weights", "1,0,3")
        self.assertEqual(onnx_bits(output)["w"][1], [self.ONE + 1])

    def test_follow_ieee_rules_when_allowed(self):
        infinity, negative = self.INFINITY, self.INFINITY | 1 << 31
        paths = self.models([[infinity, infinity, self.ONE, self.SIGNALLING],
                             [self.ONE, negative, self.ONE, self.ONE]])
        self.assertEqual(run("average", *paths, "-o", self.folder / "no.onnx").status, 1)
        output = self.average(paths, "output.onnx", "--allow-nonfinite")
        quiet = 0x7FC00000  # the one canonical quiet NaN
        self.assertEqual(onnx_bits(output)["w"][1], [infinity, quiet, self.ONE, quiet])

    def test_a_finite_result_past_the_range_is_an_error_that_names_the_place(self):
        paths = self.models([[self.ONE, FLOAT32.largest], [self.ONE, FLOAT32.largest - 1]])
        result = run("average", *paths, "--weights", "1,1", "--no-normalize", "-o",
                     self.folder / "output.onnx")
        self.assertEqual(result.status, 1)
        self.assertRegex(result.stderr, r"polyak: error: .*w: .*index \[1\]")


if __name__ == "__main__":
    unittest.main()
