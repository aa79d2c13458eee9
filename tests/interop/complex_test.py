"""Complex tensors are averaged part by part, each part as the float that it is."""
import struct
import unittest

import h5py
import numpy
from onnx import TensorProto, helper

import onnx_models
from element_samples import samples
from exact_values_test import ExactTest
from float_rounding import FLOAT32, FLOAT64

TYPES = {FLOAT32: (TensorProto.COMPLEX64, "f", "c8"), FLOAT64: (TensorProto.COMPLEX128, "d", "c16")}
PARTS_OF = {onnx_type: number for number, (onnx_type, _, _) in TYPES.items()}


def hard_rows(inputs, seed):
    """{name: (format, the bits of the parts in each input)}: an even number of parts."""
    return {f"{number.name} {kind}": (number, rows)
            for number in TYPES for kind, rows in samples(number, inputs, 60, seed).items()}


def raw_tensor(name, number, bits):
    return helper.make_tensor(name, TYPES[number][0], [len(bits) // 2],
                              onnx_models.pack_bits(bits, number), raw=True)


def typed_tensor(name, number, bits):
    """In float_data or double_data."""
    onnx_type, letter, _ = TYPES[number]
    tensor = onnx_models.onnx.TensorProto(name=name, data_type=onnx_type, dims=[len(bits) // 2])
    values = struct.unpack(f"<{len(bits)}{letter}", onnx_models.pack_bits(bits, number))
    (tensor.float_data if number is FLOAT32 else tensor.double_data).extend(values)
    return tensor


def onnx_parts(path):
    return {tensor.name: (PARTS_OF[tensor.data_type],
                          onnx_models.unpack_bits(onnx_models.payload_bytes(tensor)[1],
                                                  PARTS_OF[tensor.data_type]))
            for tensor in onnx_models.load(path).graph.initializer}


def save_hdf5(path, tensors, order):
    """Each tensor as h5py stores complex arrays, in this byte order."""
    with h5py.File(path, "w") as file:
        for name, (number, bits) in tensors.items():
            parts = numpy.frombuffer(onnx_models.pack_bits(bits, number), "<" + TYPES[number][2])
            file[name] = parts.astype(order + TYPES[number][2])
    return path


def hdf5_parts(path):
    found = {}
    with h5py.File(path, "r") as file:
        for name, dataset in file.items():
            number = FLOAT32 if dataset.dtype.itemsize == 8 else FLOAT64
            little = dataset[()].astype(dataset.dtype.newbyteorder("<"))
            found[name] = (number, onnx_models.unpack_bits(little.tobytes(), number))
    return found


class ComplexTensors(ExactTest):
    def save_onnx(self, k, make_tensor, tensors):
        return onnx_models.save(
            onnx_models.model_of([make_tensor(name, number, bits)
                                  for name, (number, bits) in tensors.items()]),
            self.folder / f"{make_tensor.__name__}{k}.onnx")

    def check(self, save, read, suffix):
        hard = hard_rows(3, seed=11)
        paths = [save(k, {name: (number, rows[k]) for name, (number, rows) in hard.items()})
                 for k in range(3)]
        for name, options, weights in (("uniform", [], [1, 1, 1]),
                                       ("weights", ["--weights", "0.1,0.2,0.3"], [0.1, 0.2, 0.3])):
            with self.subTest(name):
                output = self.average(paths, f"{name}.{suffix}", *options, "--force")
                self.assert_exact(paths, output, read, weights)

    def test_of_onnx_are_exact_in_raw_data(self):
        self.check(lambda k, tensors: self.save_onnx(k, raw_tensor, tensors), onnx_parts, "onnx")

    def test_of_onnx_are_exact_in_float_data_and_double_data(self):
        self.check(lambda k, tensors: self.save_onnx(k, typed_tensor, tensors), onnx_parts, "onnx")

    def test_of_hdf5_are_exact_in_either_byte_order(self):
        for order in "<>":
            with self.subTest(order):
                self.check(lambda k, tensors, order=order: save_hdf5(
                    self.folder / f"{k}.h5", tensors, order), hdf5_parts, "h5")

    def test_that_are_equal_stay_as_they_are(self):
        """Down to the payloads of NaN and the sign of zero."""
        bits = [0x7FC12345, 0x80000000, 0xFF800000, 1, 0x7F800001, 0x3F800000]
        paths = [onnx_models.save(onnx_models.model_of([raw_tensor("z", FLOAT32, bits)]),
                                  self.folder / f"{k}.onnx") for k in range(3)]
        output = self.average(paths, "output.onnx", "--no-provenance")
        self.assertEqual(output.read_bytes(), paths[0].read_bytes())


if __name__ == "__main__":
    unittest.main()
