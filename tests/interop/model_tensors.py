"""Every array of floats in an ONNX model, found and read by python3-onnx: what polyak's walk is
held against. Names are those that `polyak inspect` shows (formats/onnx/model_index.h).
"""
import struct
from dataclasses import dataclass
from typing import Callable

import onnx
from onnx import AttributeProto, TensorProto

import onnx_models
from float_rounding import FLOAT32, FLOAT64, FloatFormat

_COMPLEX = {TensorProto.COMPLEX64: FLOAT32, TensorProto.COMPLEX128: FLOAT64}


@dataclass
class Floats:
    """An array in a model; `change(bits)` puts others in its place, stored the same way."""
    name: str
    number: FloatFormat
    bits: list
    change: Callable


def number_of(data_type):
    """The FloatFormat of its elements, a complex number's parts counted singly; None: no float."""
    return onnx_models.FORMAT_OF.get(data_type) or _COMPLEX.get(data_type)


def _external_entries(tensor):
    return {entry.key: entry.value for entry in tensor.external_data}


def external_range(tensor):
    """(location, offset, bytes) of a tensor in another file."""
    entries = _external_entries(tensor)
    number = number_of(tensor.data_type)
    size = number.bytes * (2 if tensor.data_type in _COMPLEX else 1)
    for dimension in tensor.dims:
        size *= dimension
    return entries["location"], int(entries.get("offset") or 0), size


def bits_of(tensor, folder=None):
    """The elements' bits, wherever the tensor keeps them; `folder` holds external data."""
    number = number_of(tensor.data_type)
    if tensor.data_location == TensorProto.EXTERNAL:
        location, offset, size = external_range(tensor)
        with open(folder / location, "rb") as data:
            data.seek(offset)
            return onnx_models.unpack_bits(data.read(size), number)
    if tensor.HasField("raw_data"):
        return onnx_models.unpack_bits(tensor.raw_data, number)
    if number is FLOAT64:
        return _numbers_to_bits(tensor.double_data, "d", "Q")
    if number is FLOAT32:
        return _numbers_to_bits(tensor.float_data, "f", "I")
    return list(tensor.int32_data)


def _numbers_to_bits(values, letter, whole):
    return list(struct.unpack(f"<{len(values)}{whole}",
                              struct.pack(f"<{len(values)}{letter}", *values)))


def _bits_to_numbers(bits, number):
    letter = "d" if number is FLOAT64 else "f"
    return struct.unpack(f"<{len(bits)}{letter}", onnx_models.pack_bits(bits, number))


def _change_tensor(tensor, bits):
    number = number_of(tensor.data_type)
    assert tensor.data_location != TensorProto.EXTERNAL
    if tensor.HasField("raw_data"):
        tensor.raw_data = onnx_models.pack_bits(bits, number)
    elif number is FLOAT64:
        tensor.double_data[:] = _bits_to_numbers(bits, number)
    elif number is FLOAT32:
        tensor.float_data[:] = _bits_to_numbers(bits, number)
    else:
        tensor.int32_data[:] = bits


def _tensor(name, tensor, folder):
    if number_of(tensor.data_type) is not None:
        yield Floats(name, number_of(tensor.data_type), bits_of(tensor, folder),
                     lambda bits: _change_tensor(tensor, bits))


def _numbered(name, place, count):
    return name if count == 1 else f"{name}[{place}]"


def _attribute_floats(name, attribute):
    if attribute.type == AttributeProto.FLOATS:
        def change(bits):
            attribute.floats[:] = _bits_to_numbers(bits, FLOAT32)
        yield Floats(name, FLOAT32, _numbers_to_bits(attribute.floats, "f", "I"), change)
    elif attribute.type == AttributeProto.FLOAT:
        def change_one(bits):
            attribute.f = _bits_to_numbers(bits, FLOAT32)[0]
        yield Floats(name, FLOAT32, _numbers_to_bits([attribute.f], "f", "I"), change_one)


def _node(node, number, path, folder):
    output = next(filter(None, node.output), f"node {number}")
    is_constant = node.op_type == "Constant" and node.domain in ("", "ai.onnx")
    for attribute in node.attribute:
        name = path + (output if is_constant else f"{output}.{attribute.name}")
        tensors = [*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors]
        for i, tensor in enumerate(tensors):
            yield from _tensor(_numbered(name, i, len(tensors)), tensor, folder)
        if attribute.HasField("sparse_tensor"):
            yield from _tensor(name, attribute.sparse_tensor.values, folder)
        if is_constant or (node.domain == "ai.onnx.ml" and attribute.floats):
            yield from _attribute_floats(name, attribute)
        graphs = [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
        for i, graph in enumerate(graphs):
            inside = _numbered(f"{path}{output}/{attribute.name}", i, len(graphs)) + "/"
            yield from _graph(graph, inside, folder)


def _graph(graph, path, folder):
    for tensor in graph.initializer:
        yield from _tensor(path + tensor.name, tensor, folder)
    for sparse in graph.sparse_initializer:
        yield from _tensor(path + sparse.values.name, sparse.values, folder)
    for number, node in enumerate(graph.node):
        yield from _node(node, number, path, folder)


def all_floats(model, folder=None):
    """Of the graph, its subgraphs, the functions and the training; in no particular order."""
    yield from _graph(model.graph, "", folder)
    for function in model.functions:
        domain = f"{function.domain}::" if function.domain else ""
        for number, node in enumerate(function.node):
            yield from _node(node, number, f"{domain}{function.name}()/", folder)
    for number, training in enumerate(model.training_info):
        for field in ("initialization", "algorithm"):
            yield from _graph(getattr(training, field), f"training_info[{number}].{field}/",
                              folder)


def floats_by_name(model, folder=None):
    found = {}
    for floats in all_floats(model, folder):
        assert floats.name not in found, floats.name
        found[floats.name] = floats
    return found


def load(path):
    """By python3-onnx's parser, external data left where it is."""
    return onnx.load_model(str(path), load_external_data=False)
