"""The Protocol Buffers wire format by hand: to write models that no serialiser writes, and to read
what stands in a file byte by byte. Knows only which fields of ONNX are messages.
"""
import random
import struct
from dataclasses import dataclass, field

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)

# Message: {field: the message that it holds}
MESSAGES = {
    "Model": {7: "Graph", 8: "OperatorSet", 14: "Entry", 20: "Training", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Tensor": {13: "Entry"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Function": {7: "Node"},
    "Training": {1: "Graph", 2: "Graph"},
    "OperatorSet": {}, "Entry": {}, "Value": {},
}
# Singular fields that aren't messages; the last one counts.
SINGULAR = {
    "Model": {1, 2, 3, 4, 5, 6}, "Graph": {2, 10}, "Node": {3, 4, 6, 7},
    "Attribute": {1, 2, 3, 4, 13, 20, 21}, "Tensor": {2, 8, 9, 12, 14}, "Entry": {1, 2},
    "OperatorSet": {1, 2}, "Function": {1, 8, 10}, "Value": {1, 3},
}
# Repeated numbers, written packed or not.
PACKABLE = {"Tensor": {1: VARINT, 4: FIXED32, 5: VARINT, 7: VARINT, 10: FIXED64, 11: VARINT},
            "Attribute": {7: FIXED32, 8: VARINT}, "Sparse": {3: VARINT}}
# Where the elements of floats may stand.
PAYLOADS = {"Tensor": {4, 5, 9, 10}, "Attribute": {2, 7}}


# Tags and lengths have five bytes at most, other varints ten.
def varint(value, padding=0, most=10):
    """The varint, `padding` bytes longer than need be, but not more than `most` bytes."""
    encoded = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    padding = min(padding, most - len(encoded))
    if padding > 0:
        encoded[-1] |= 0x80
        encoded += b"\x80" * (padding - 1) + b"\0"
    return bytes(encoded)


def varints(values, padding=0):
    return b"".join(varint(value, padding) for value in values)


def tag(number, wire_type, padding=0):
    return varint(number << 3 | wire_type, padding, most=5)


def number_field(number, value, padding=0):
    return tag(number, VARINT) + varint(value, padding)


def bytes_field(number, content, tag_padding=0, length_padding=0):
    if isinstance(content, str):
        content = content.encode()
    return tag(number, BYTES, tag_padding) + varint(len(content), length_padding, most=5) + content


def fixed32_field(number, bits):
    return tag(number, FIXED32) + struct.pack("<I", bits)


def fixed64_field(number, bits):
    return tag(number, FIXED64) + struct.pack("<Q", bits)


def group_field(number, content):
    return tag(number, GROUP) + content + tag(number, GROUP_END)


def take_varint(content, position):
    """(the value, the position behind it)"""
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
        assert shift < 70, "a varint of more than ten bytes"


def take_varints(content):
    values, position = [], 0
    while position < len(content):
        value, position = take_varint(content, position)
        values.append(value)
    return values


@dataclass
class Field:
    number: int
    wire_type: int
    tag: bytes          # as they stand in the file
    length: bytes = b""
    content: bytes = b""  # a group's with its end
    message: str = ""   # what it holds, if that is a message
    children: list = field(default_factory=list)

    def written(self):
        if not self.message:
            return self.tag + self.length + self.content
        return self.tag + self.length + b"".join(child.written() for child in self.children)


def _end_of_group(content, position, number):
    while True:
        key, position = take_varint(content, position)
        if key & 7 == GROUP_END:
            assert key >> 3 == number
            return position
        position = _end_of_value(content, position, key)


def _end_of_value(content, position, key):
    wire_type = key & 7
    if wire_type == GROUP:
        return _end_of_group(content, position, key >> 3)
    if wire_type == BYTES:
        length, position = take_varint(content, position)
        return position + length
    if wire_type == VARINT:
        return take_varint(content, position)[1]
    return position + {FIXED64: 8, FIXED32: 4}[wire_type]


def read(content, message="Model"):
    """The fields of a message, messages in it read too."""
    fields, position = [], 0
    while position < len(content):
        start = position
        key, position = take_varint(content, position)
        found = Field(key >> 3, key & 7, content[start:position])
        end = _end_of_value(content, position, key)
        assert end <= len(content), "a field reaches past its message"
        if found.wire_type == BYTES:
            start = position
            position = take_varint(content, position)[1]
            found.length = content[start:position]
            found.message = MESSAGES[message].get(found.number, "")
        found.content = content[position:end]
        if found.message:
            found.children = read(found.content, found.message)
        fields.append(found)
        position = end
    return fields


def written(fields):
    return b"".join(found.written() for found in fields)


class Shaken:
    """Rewrites a model's bytes into others that Protocol Buffers reads as the same model, unknown
    fields put aside."""

    def __init__(self, seed):
        self.source = random.Random(seed)

    def model(self, content):
        fields = self._message(read(content), "Model")
        # A field given twice is two halves of one message.
        graphs = [found for found in fields if found.number == 7 and found.message]
        return b"".join(self._twice(found) if found in graphs else found.written()
                        for found in fields)

    def _chance(self, share):
        return self.source.random() < share

    def _padding(self):
        return self.source.randrange(5) if self._chance(0.3) else 0

    def _twice(self, graph):
        # Fields of one number keep their order, so the split is between numbers.
        numbers = {child.number: self.source.randrange(2) for child in graph.children}
        parts = [b"".join(child.written() for child in graph.children
                          if numbers[child.number] == part) for part in range(2)]
        return b"".join(bytes_field(7, part) for part in parts)

    def _message(self, fields, message):
        rewritten = []
        for found in fields:
            if found.message:
                found.children = self._message(found.children, found.message)
                rewritten.append([self._padded(found, written(found.children))])
            elif found.number in PACKABLE.get(message, {}) and found.wire_type == BYTES:
                rewritten.append(self._unpacked(found, PACKABLE[message][found.number]))
            elif found.number in SINGULAR.get(message, ()) and self._chance(0.2):
                rewritten.append([self._garbled(found), self._padded(found, found.content)])
            else:
                rewritten.append([self._padded(found, found.content)])
        return self._with_unknown(self._reordered(rewritten))

    def _padded(self, found, content):
        padded = Field(found.number, found.wire_type,
                       tag(found.number, found.wire_type, self._padding()),
                       content=content, message=found.message, children=found.children)
        if found.wire_type == BYTES:
            padded.length = varint(len(content), self._padding(), most=5)
        return padded

    def _garbled(self, found):
        """Another value of the same type, which the one behind it overrules."""
        return self._padded(found, found.content[:-1] + b"\1" if found.content else b"")

    def _unpacked(self, found, wire_type):
        """The values in several fields, some packed, some not."""
        if not self._chance(0.6):
            return [self._padded(found, found.content)]
        size = {FIXED32: 4, FIXED64: 8}.get(wire_type)
        if size:
            values = [found.content[i:i + size] for i in range(0, len(found.content), size)]
        else:
            values = [varint(value, self.source.randrange(3) if self._chance(0.2) else 0)
                      for value in take_varints(found.content)]
        runs = []
        while values:
            count = 1 if self._chance(0.5) else self.source.randrange(1, len(values) + 1)
            if count == 1 and self._chance(0.7):
                runs.append(Field(found.number, wire_type, tag(found.number, wire_type),
                                  content=values[0]))
            else:
                runs.append(self._padded(found, b"".join(values[:count])))
            values = values[count:]
        return runs

    def _reordered(self, rewritten):
        """All fields in another order; those of one number keep theirs."""
        fields = [part for parts in rewritten for part in parts]
        order = [found.number for found in fields]
        if self._chance(0.5):
            self.source.shuffle(order)
        queues = {number: [found for found in fields if found.number == number]
                  for number in set(order)}
        return [queues[number].pop(0) for number in order]

    def _with_unknown(self, fields):
        for _ in range(self.source.randrange(3)):
            number = self.source.randrange(300, 3000)
            content = self.source.choice([
                number_field(number, self.source.getrandbits(64), self.source.randrange(3)),
                bytes_field(number, b"\xff\x00unknown"), fixed32_field(number, 7),
                fixed64_field(number, 7),
                group_field(number, number_field(8, 1) + group_field(1, b"") +
                            bytes_field(9, b"not a payload"))])
            unknown = read(content, "Entry")
            place = self.source.randrange(len(fields) + 1)
            fields[place:place] = unknown
        return fields
