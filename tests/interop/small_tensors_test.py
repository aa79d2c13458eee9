"""Hundreds of small tensors, whose neighbours are read and written together, against exact means;
all else of the file is the template's.
"""
import functools
import random
import struct
import unittest
from dataclasses import dataclass

import h5py
import numpy
from onnx import TensorProto

import onnx_models
from float_rounding import (BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FloatFormat, ema_weights,
                            mean_of_columns)
from hdf5_elements import INPUTS, pool
from polyak_runner import FolderTest

TENSORS = 400
METHODS = (((), (1,) * INPUTS),
           (("--method", "ema", "--decay", "0.9"), tuple(ema_weights(0.9, INPUTS))))


@dataclass(frozen=True)
class Small:
    """A tensor; its elements are columns of the pool. Without a number it is int64, and kept."""
    name: str
    number: FloatFormat | None
    columns: numpy.ndarray

    @property
    def bytes(self):
        return len(self.columns) * (self.number.bytes if self.number else 8)

    def payload(self, rows):
        """Little-endian bytes of the columns of these rows."""
        if self.number is None:
            return self.columns.astype("<i8").tobytes()
        return rows[self.columns].astype(f"<u{self.number.bytes}").tobytes()

    def of_input(self, k):
        return self.payload(pool(self.number)[k] if self.number else None)

    def mean(self, weights):
        return self.payload(means(self.number, weights) if self.number else None)


@functools.lru_cache(maxsize=None)
def means(number, weights):
    """The exact mean of each column of the pool."""
    return numpy.array(mean_of_columns(pool(number).tolist(), weights, number),
                       f"u{number.bytes}")


def small_tensors(source, numbers):
    """Of 0 to 6000 bytes; every seventh is kept."""
    tensors = []
    for i in range(TENSORS):
        number = None if i % 7 == 3 else source.choice(numbers)
        most_bytes = source.choice((0, 40, 600, 4096, 6000, 40000))
        elements = source.randint(0, most_bytes) // (number.bytes if number else 8)
        choices = pool(number or FLOAT64).shape[1]
        columns = numpy.array([source.randrange(choices) for _ in range(elements)], "i8")
        tensors.append(Small(f"t{i:03}", number, columns))
    return tensors


def shuffled(tensors, k):
    """Another order in each input; in the template's neighbours mostly stay neighbours."""
    order = list(tensors)
    if k < INPUTS - 1:
        random.Random(k).shuffle(order)
    else:
        for i in range(20, TENSORS - 1, 41):
            order[i], order[i + 1] = order[i + 1], order[i]
    return order


def inline_proto(tensor, k, with_varints):
    """raw_data, or for some the field of their own type."""
    payload = tensor.of_input(k)
    proto = TensorProto(name=tensor.name, dims=[len(tensor.columns)])
    proto.data_type = (onnx_models.TYPE_OF[tensor.number] if tensor.number
                       else TensorProto.INT64)
    is_typed = sum(tensor.name.encode()) % 3 == 0
    if is_typed and tensor.number is FLOAT32:
        proto.float_data.extend(struct.unpack(f"<{len(payload) // 4}f", payload))
    elif is_typed and tensor.number is FLOAT64:
        proto.double_data.extend(struct.unpack(f"<{len(payload) // 8}d", payload))
    elif is_typed and with_varints and tensor.number in (FLOAT16, BFLOAT16):
        proto.int32_data.extend(struct.unpack(f"<{len(payload) // 2}H", payload))
    else:
        proto.raw_data = payload
    return proto


def inline_payload(proto):
    if proto.int32_data:
        return struct.pack(f"<{len(proto.int32_data)}H", *proto.int32_data)
    return onnx_models.payload_bytes(proto)[1]


class SmallTensors(FolderTest):
    def check(self, inputs, tensors, read, read_frame=None, only=()):
        """`read(path)` is {name: payload}; `read_frame(path)` what is no payload of floats. With
        `only`, names, the others are kept."""
        chosen = [option for name in only for option in ("--include", name)]
        for options, weights in METHODS:
            outputs = []
            for threads in ("1", "4"):
                folder = self.folder / f"{len(options)}-{threads}"
                folder.mkdir()
                output = folder / inputs[-1].name
                self.polyak("average", *inputs, "-o", output, "--no-provenance", "-j", threads,
                            "--memory", "64M", *chosen, *options)
                outputs.append(output)
                found = read(output)
                self.assertEqual(found.keys(), {tensor.name for tensor in tensors})
                for tensor in tensors:
                    is_averaged = not only or tensor.name in only
                    expected = (tensor.mean(weights) if is_averaged
                                else tensor.of_input(INPUTS - 1))
                    self.assert_same_bytes(found[tensor.name], expected,
                                           f"{tensor.name} {tensor.number} {options}")
                if read_frame:
                    for a, b in zip(read_frame(output), read_frame(inputs[-1]), strict=True):
                        self.assert_same_bytes(a, b, f"outside {options}")
            self.assert_same_bytes(*(output.read_bytes() for output in outputs), "threads")

    def onnx_tensors(self):
        return small_tensors(random.Random(self.id()), (FLOAT16, BFLOAT16, FLOAT32, FLOAT64))

    def save_inline(self, tensors, with_varints):
        paths = []
        for k in range(INPUTS):
            protos = [inline_proto(tensor, k, with_varints) for tensor in shuffled(tensors, k)]
            paths.append(onnx_models.save(onnx_models.model_of(protos),
                                          self.folder / f"{k}.onnx"))
        return paths

    @staticmethod
    def read_inline(path):
        return {proto.name: inline_payload(proto)
                for proto in onnx_models.load(path).graph.initializer}

    def test_in_an_onnx_model_are_averaged_in_place(self):
        tensors = self.onnx_tensors()
        inputs = self.save_inline(tensors, with_varints=False)

        def frame(path):
            content = path.read_bytes()
            ranges = [onnx_models.payload_range(content, proto)
                      for proto in onnx_models.load(path).graph.initializer
                      if proto.data_type != TensorProto.INT64 and proto.dims[0] > 0]
            return [onnx_models.without_ranges(content, ranges)]
        self.check(inputs, tensors, self.read_inline, frame)

    def test_in_an_onnx_model_beside_varints_are_averaged(self):
        tensors = self.onnx_tensors()
        self.check(self.save_inline(tensors, with_varints=True), tensors, self.read_inline)

    def save_external(self, tensors, files):
        """Between the tensors are bytes of none, of the template's other than of the inputs'."""
        paths = []
        for k in range(INPUTS):
            source = random.Random(f"gaps {k}")
            data = {f"{i}.bin": bytearray() for i in range(files)}
            protos = []
            for tensor in shuffled(tensors, k):
                location = f"{int(tensor.name[1:]) // 9 % files}.bin"
                content = data[location]
                content += source.randbytes(source.choice((0, 0, 3, 60, 4096, 4097)))
                proto = TensorProto(name=tensor.name, dims=[len(tensor.columns)],
                                    data_location=TensorProto.EXTERNAL)
                proto.data_type = (onnx_models.TYPE_OF[tensor.number] if tensor.number
                                   else TensorProto.INT64)
                for key, value in (("location", location), ("offset", len(content)),
                                   ("length", tensor.bytes)):
                    proto.external_data.add(key=key, value=str(value))
                content += tensor.of_input(k)
                protos.append(proto)
            folder = self.folder / f"{k}"
            folder.mkdir()
            for location, content in data.items():
                (folder / location).write_bytes(content + b"the end")
            paths.append(onnx_models.save(onnx_models.model_of(protos), folder / "model.onnx"))
        return paths

    @staticmethod
    def external_ranges(path):
        """{name: (file, begin, end, data type)}."""
        ranges = {}
        for proto in onnx_models.load(path).graph.initializer:
            entries = {entry.key: entry.value for entry in proto.external_data}
            begin = int(entries["offset"])
            ranges[proto.name] = (path.parent / entries["location"], begin,
                                  begin + int(entries["length"]), proto.data_type)
        return ranges

    def read_external(self, path):
        contents = {file.name: file.read_bytes() for file in path.parent.glob("*.bin")}
        return {name: contents[file.name][begin:end]
                for name, (file, begin, end, _) in self.external_ranges(path).items()}

    def external_frame(self, path):
        frames = [path.read_bytes()]
        for file in sorted(path.parent.glob("*.bin")):
            ranges = [(begin, end) for at, begin, end, kind in self.external_ranges(path).values()
                      if at == file and kind != TensorProto.INT64]
            frames.append(onnx_models.without_ranges(file.read_bytes(), ranges))
        return frames

    def test_in_one_data_file_are_averaged_in_place(self):
        tensors = self.onnx_tensors()
        self.check(self.save_external(tensors, 1), tensors, self.read_external,
                   self.external_frame)

    def test_are_averaged_where_only_few_are_to_be(self):
        tensors = self.onnx_tensors()
        floats = [tensor.name for tensor in tensors if tensor.number]
        # Some of them neighbours, others far from one another.
        only = [name for i, name in enumerate(floats) if i % 10 < 3 or i % 10 == 5]
        self.check(self.save_external(tensors, 1), tensors, self.read_external,
                   self.external_frame, only)

    def test_in_several_data_files_are_averaged_in_place(self):
        tensors = self.onnx_tensors()
        self.check(self.save_external(tensors, 4), tensors, self.read_external,
                   self.external_frame)

    def check_hdf5(self, order):
        tensors = small_tensors(random.Random(self.id()), (FLOAT16, FLOAT32, FLOAT64))
        inputs = []
        for k in range(INPUTS):
            path = self.folder / f"{k}.h5"
            with h5py.File(path, "w") as file:
                for tensor in shuffled(tensors, k):
                    size = tensor.number.bytes if tensor.number else 8
                    bits = numpy.frombuffer(tensor.of_input(k), f"<u{size}")
                    kind = "f" if tensor.number else "i"
                    ordered = bits.astype(f"{order}u{size}").view(f"{order}{kind}{size}")
                    file.create_dataset(tensor.name, data=ordered)
            inputs.append(path)

        def read(path):
            with h5py.File(path, "r") as file:
                return {name: stored[()].view(f"{order}u{stored.dtype.itemsize}")
                        .astype(f"<u{stored.dtype.itemsize}").tobytes()
                        for name, stored in file.items()}

        def frame(path):
            with h5py.File(path, "r") as file:
                ranges = [(stored.id.get_offset(),
                           stored.id.get_offset() + stored.id.get_storage_size())
                          for stored in file.values() if stored.dtype.kind == "f" and stored.size]
            return [onnx_models.without_ranges(path.read_bytes(), ranges)]
        self.check(inputs, tensors, read, frame)

    def test_in_hdf5_are_averaged_in_place(self):
        self.check_hdf5("<")

    def test_in_big_endian_hdf5_are_averaged_in_place(self):
        self.check_hdf5(">")


if __name__ == "__main__":
    unittest.main()
