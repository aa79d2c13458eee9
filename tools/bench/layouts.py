"""Empty checkpoints: files of a format with room for the numbers, and where each tensor lies.

A layout is a function of (folder, tensors, dtype) that writes the container, holes for payloads,
into the folder and returns a Layout.
"""
from dataclasses import dataclass

import h5py
import numpy
import onnx
from onnx import TensorProto, helper

import tensors as made

ONNX_TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16,
              "bfloat16": TensorProto.BFLOAT16, "float64": TensorProto.DOUBLE}
DATA_FILE = "weights.bin"


@dataclass(frozen=True)
class Layout:
    """`checkpoint` is the file that one names, `data` the one with the numbers, at `offsets`."""
    checkpoint: str
    data: str
    offsets: tuple


def _nodes(tensors):
    """A chain that uses each tensor as a layer would, for roles are read from the graph."""
    value = "x"
    for i, tensor in enumerate(tensors):
        operator = "MatMul" if len(tensor.shape) == 2 else \
            "Mul" if tensor.name.endswith(".weight") else "Add"
        yield helper.make_node(operator, [value, tensor.name], [f"h{i}"], name=f"node{i}")
        value = f"h{i}"


def _model(tensors):
    """(the model, its graph) without initializers and without one another."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(list(_nodes(tensors)), "decoder", [value("x", 1, None)],
                              [value(f"h{len(tensors) - 1}", 1, None)])
    model = helper.make_model(graph, producer_name="polyak-bench",
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    model.ClearField("graph")
    return model, graph


def _description(tensor, dtype):
    return TensorProto(name=tensor.name, dims=tensor.shape, data_type=ONNX_TYPES[dtype])


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number, length):
    """The start of a field of bytes."""
    return _varint(number << 3 | 2) + _varint(length)


def inline(folder, tensors, dtype):
    """ONNX with each payload in its tensor's raw_data. Written by hand: holes stay holes."""
    model, graph = _model(tensors)
    heads, lengths = [], []
    for tensor in tensors:
        length = tensor.elements * made.item_bytes(dtype)
        inner = _description(tensor, dtype).SerializeToString() + _field(9, length)
        heads.append(_field(5, len(inner) + length) + inner)
        lengths.append(length)
    rest = graph.SerializeToString()
    graph_bytes = len(rest) + sum(map(len, heads)) + sum(lengths)
    offsets = []
    with open(folder / "model.onnx", "wb") as file:
        file.write(model.SerializeToString() + _field(7, graph_bytes) + rest)
        for head, length in zip(heads, lengths):
            file.write(head)
            offsets.append(file.tell())
            file.seek(length, 1)
        file.truncate()
    return Layout("model.onnx", "model.onnx", tuple(offsets))


def external(folder, tensors, dtype):
    """ONNX with all payloads in one file beside the model, large ones at multiples of 4096 bytes,
    as the usual exporters do."""
    model, graph = _model(tensors)
    offsets, end = [], 0
    for tensor in tensors:
        length = tensor.elements * made.item_bytes(dtype)
        if length >= 1 << 20:
            end = -(-end // 4096) * 4096
        entry = _description(tensor, dtype)
        entry.data_location = TensorProto.EXTERNAL
        for key, value in (("location", DATA_FILE), ("offset", end), ("length", length)):
            entry.external_data.add(key=key, value=str(value))
        graph.initializer.append(entry)
        offsets.append(end)
        end += length
    model.graph.CopyFrom(graph)
    onnx.save(model, str(folder / "model.onnx"))
    with open(folder / DATA_FILE, "wb") as file:
        file.truncate(end)
    return Layout("model.onnx", DATA_FILE, tuple(offsets))


def hdf5(folder, tensors, dtype):
    """HDF5 with contiguous datasets, in groups after the parts of the names."""
    offsets = []
    with h5py.File(folder / "model.h5", "w") as file:
        for tensor in tensors:
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            dataset = file.create_dataset(tensor.name.replace(".", "/"), tensor.shape,
                                          numpy.dtype(made.STORED[dtype]), dcpl=properties)
            offsets.append(dataset.id.get_offset())
    return Layout("model.h5", "model.h5", tuple(offsets))


LAYOUTS = {"inline": inline, "external": external, "hdf5": hdf5}
