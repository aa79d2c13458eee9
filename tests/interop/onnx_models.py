"""ONNX models made and read by python3-onnx, payloads as bits."""
import struct

import onnx
from onnx import TensorProto, helper

from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64

TYPE_OF = {FLOAT16: TensorProto.FLOAT16, BFLOAT16: TensorProto.BFLOAT16,
           FLOAT32: TensorProto.FLOAT, FLOAT64: TensorProto.DOUBLE}
FORMAT_OF = {value: key for key, value in TYPE_OF.items()}
_LETTER = {2: "H", 4: "I", 8: "Q"}


def pack_bits(bits, number):
    return struct.pack(f"<{len(bits)}{_LETTER[number.bytes]}", *bits)


def unpack_bits(payload, number):
    return list(struct.unpack(f"<{len(payload) // number.bytes}{_LETTER[number.bytes]}", payload))


def raw_tensor(name, number, bits, shape=None):
    return helper.make_tensor(name, TYPE_OF[number], [len(bits)] if shape is None else shape,
                              pack_bits(bits, number), raw=True)


def model_of(tensors, nodes=None, metadata=None):
    """A model that holds these initializers; by default its one node uses none of them."""
    nodes = nodes or [helper.make_node("Identity", ["x"], ["y"])]
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "test", [value[0]], [value[1]], initializer=tensors)
    model = helper.make_model(graph, producer_name="polyak-test",
                              opset_imports=[helper.make_opsetid("", 16)])
    if metadata:
        helper.set_model_props(model, metadata)
    return model


def save(model, path):
    path.write_bytes(model.SerializeToString())
    return path


def load(path):
    """By python3-onnx's parser, without any check."""
    return onnx.load_model(str(path), load_external_data=False)


def _tensors_of_graph(graph):
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from _tensors_of_graph(attribute.g)


def all_tensors(model):
    """Initializers and tensor attributes of the graph and its subgraphs."""
    return list(_tensors_of_graph(model.graph))


def payload_bytes(tensor):
    """The wire bytes of a float tensor's elements: (the tag of their field, the bytes)."""
    if tensor.HasField("raw_data"):
        return b"\x4a", tensor.raw_data
    if tensor.float_data:
        return b"\x22", struct.pack(f"<{len(tensor.float_data)}f", *tensor.float_data)
    return b"\x52", struct.pack(f"<{len(tensor.double_data)}d", *tensor.double_data)


def bits_of(tensor):
    return unpack_bits(payload_bytes(tensor)[1], FORMAT_OF[tensor.data_type])


def varint(value):
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def payload_range(model_bytes, tensor):
    """Where a tensor's payload lies in the model's bytes, found by looking for the tensor."""
    message = tensor.SerializeToString()
    start = model_bytes.find(message)
    assert start >= 0 and model_bytes.find(message, start + 1) < 0, f"{tensor.name}: not found once"
    tag, payload = payload_bytes(tensor)
    field = tag + varint(len(payload)) + payload
    inside = message.find(field)
    assert inside >= 0
    start += inside + len(field) - len(payload)
    return start, start + len(payload)


def without_ranges(content, ranges):
    """The bytes with these ranges blanked."""
    blanked = bytearray(content)
    for start, end in ranges:
        blanked[start:end] = b"\0" * (end - start)
    return bytes(blanked)
