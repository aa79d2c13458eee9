"""Hostile ONNX, made byte by byte: what Protocol Buffers can be made to say, and external data."""
import os
import struct

import numpy

from corpus import accepted, refused, rows_of

FLOAT, INT8 = 1, 3
HUGE = 1 << 62


def varint(value):
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def values(k, count=16):
    return struct.pack(f"<{count}f", *(2 * i + 4 * k for i in range(count)))


def tensor(name, k, dims=(4, 4), raw=None, dtype=FLOAT, more=b""):
    message = b"".join(number(1, dim) for dim in dims) + number(2, dtype) + text(8, name)
    payload = values(k) if raw is None else raw
    return message + (text(9, payload) if payload is not ... else b"") + more


def model(*initializers, graph=b"", more=b""):
    content = text(2, "g") + b"".join(text(5, t) for t in initializers) + graph
    return number(1, 8) + text(7, content) + text(8, number(2, 16)) + more


def write(folder, content, name="m.onnx"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def good(folder):
    return write(folder, model(tensor("w", 1)), "good.onnx")


def file_of(make):
    """A row's `make` of bytes that depend on k."""
    return lambda folder, k: write(folder, make(k))


def with_dims(*dims, raw=None):
    return file_of(lambda k: model(tensor("w", k, dims, raw)))


def nested(depth):
    """Subgraphs in subgraphs: node, attribute, graph, node, ..."""
    inner = text(2, "g")
    for _ in range(depth):
        attribute = text(1, "body") + number(20, 5) + text(6, inner)
        inner = text(2, "g") + text(1, text(4, "If") + text(2, "y") + text(5, attribute))
    return number(1, 8) + text(7, inner + text(5, tensor("w", 0)))


def groups(depth):
    return varint(100 << 3 | 3) * depth + varint(100 << 3 | 4) * depth


def entries(*pairs):
    return b"".join(text(13, text(1, key) + text(2, value)) for key, value in pairs) + number(14, 1)


def external(*pairs, prepare=None, name="w.bin", more=()):
    """A model whose tensor lies in a file beside it, as these entries say."""
    def make(folder, k):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(values(k, 32))
        if prepare is not None:
            prepare(folder)
        tensors = [tensor("w", k, raw=..., more=entries(*pairs))]
        tensors += [tensor(f"w{i}", k, raw=..., more=entries(*p)) for i, p in enumerate(more)]
        return write(folder, model(*tensors))
    return make


def at(location, offset=None, length=None):
    pairs = [("location", location)]
    if offset is not None:
        pairs.append(("offset", str(offset)))
    if length is not None:
        pairs.append(("length", str(length)))
    return pairs


def secret_beside(folder):
    (folder.parent / "secret.bin").write_bytes(values(9, 32))


def linked_parent(folder):
    (folder.parent / "elsewhere").mkdir(exist_ok=True)
    (folder.parent / "elsewhere" / "w.bin").write_bytes(values(9, 32))
    if not (folder / "sub").is_symlink():
        (folder / "sub").symlink_to("../elsewhere")


def replace_data(kind):
    def prepare(folder):
        (folder / "w.bin").unlink()
        if kind == "fifo":
            os.mkfifo(folder / "w.bin")
        elif kind == "folder":
            (folder / "w.bin").mkdir()
        else:
            (folder / "w.bin").symlink_to(kind)
    return prepare


def hard_link(folder):
    """One file in two folders."""
    (folder.parent / f"{folder.name}.blob").hardlink_to(folder / "w.bin")


def inside_link(folder):
    (folder / "w.bin").rename(folder / "blob")
    (folder / "w.bin").symlink_to("blob")


def of_file(path):
    return numpy.frombuffer(path.read_bytes(), "<f4")


def assert_external_mean(test, inputs, output):
    """All of the data file, whatever lies in it twice."""
    def data(path):
        return of_file(path.parent / "w.bin")[:16]
    found = of_file(output.parent / "w.bin")[:16]
    numpy.testing.assert_array_equal(found, (data(inputs[0]) + data(inputs[1])) / 2)


def assert_mean(test, inputs, output):
    expected = struct.pack("<16f", *(2 * i + 2 for i in range(16)))
    test.assertEqual(output.read_bytes().count(expected), 1)


def special_values(k):
    """A signalling NaN, a quiet one with a payload, infinities, -0, a subnormal; two others."""
    bits = [0x7F800001, 0xFFC12345, 0x7F800000, 0xFF800000, 0x80000000, 1]
    return struct.pack("<6I2f", *bits, k, 3 * k)


def assert_special(test, inputs, output):
    expected = special_values(0)[:24] + struct.pack("<2f", 0.5, 1.5)
    test.assertEqual(output.read_bytes().count(expected), 1)


def named(name):
    return file_of(lambda k: model(tensor(name, k)))


def sparse_file(folder, k):
    """16 floats of a tebibyte, in a file that has a hole of that size."""
    head = number(1, 1 << 2) + number(1, 1 << 2) + number(2, FLOAT) + text(8, "w")
    size = 1 << 40
    payload = varint(9 << 3 | 2) + varint(size)
    inside = len(head) + len(payload) + size
    path = write(folder, number(1, 8) + varint(7 << 3 | 2) + varint(inside + 7)
                 + varint(5 << 3 | 2) + varint(inside) + head + payload)
    os.truncate(path, path.stat().st_size + size)
    return path


ROWS = rows_of(
    good,
    refused("onnx dims that wrap", "2^32 x 2^32 x 2^32 elements",
            with_dims(1 << 32, 1 << 32, 1 << 32), "w: the product of the dimensions"),
    refused("onnx bytes that wrap", "2^62 elements of 4 bytes, none stored",
            with_dims(HUGE, raw=b""), "w: .*(size|large|shape)"),
    refused("onnx negative dim", "a dimension of -1", with_dims(-1),
            "w: .*(-1|negative|dimension)"),
    refused("onnx rank 33", "more dimensions than anyone has", with_dims(*[1] * 33),
            "more than 32 dimensions"),
    refused("onnx huge rank", "100,000 dimensions", with_dims(*[1] * 100000),
            "more than 32 dimensions"),
    refused("onnx payload past the end", "raw_data longer than the file",
            file_of(lambda k: model(tensor("w", k))[:-40]),
            "(ends|past|passes|left|length|longer)"),
    refused("onnx cut off", "the first half of a model",
            file_of(lambda k: model(*(tensor(f"w{i}", k) for i in range(9)))[:400]),
            "(ends|past|passes|left|length|longer)"),
    refused("onnx two tensors of one name", "which one is it?",
            file_of(lambda k: model(tensor("w", k), tensor("w", k + 1))), "w: two tensors"),
    refused("onnx wrong payload size", "60 bytes for 16 floats", with_dims(4, 4, raw=values(0)[4:]),
            r"w: raw_data has the wrong size \(found 60 bytes, expected 64"),
    refused("onnx values twice", "raw_data and float_data",
            file_of(lambda k: model(tensor("w", k, more=text(4, values(k))))), "w: .*twice"),
    refused("onnx NUL in a name", "C code would see another name", named(b"w\0hidden"), "NUL"),
    refused("onnx name of 64 KiB", "longer than any name", named("n" * 65536), "16384"),
    refused("onnx length of 2 GiB", "in a file of 20 bytes",
            file_of(lambda k: number(1, 8) + varint(7 << 3 | 2) + varint(1 << 31) + b"0123456789"),
            "(ends|past|passes|left|length|longer|not a checkpoint)"),
    refused("onnx length of 2^63", "a length that is negative as a signed number",
            file_of(lambda k: model(more=varint(14 << 3 | 2) + varint(1 << 63) + b"01234")),
            "(ends|past|passes|left|length|longer|not a checkpoint)"),
    refused("onnx varint of 11 bytes", "longer than 64 bits have",
            file_of(lambda k: model(tensor("w", k), more=number(1, 8) + b"\x08" + b"\xff" * 11)),
            "(varint|number|not a checkpoint)"),
    refused("onnx field number 0", "no such field",
            file_of(lambda k: model(tensor("w", k), more=b"\x00\x00")), "(field|tag|checkpoint)"),
    refused("onnx nesting 294", "subgraphs in subgraphs", file_of(lambda k: nested(294)),
            "(nested|deep)"),
    refused("onnx groups", "100,000 groups in groups",
            file_of(lambda k: model(tensor("w", k), more=groups(100000))), "(nested|deep)"),
    refused("onnx sub-messages", "2,000,000 empty tensors in 4 MB",
            file_of(lambda k: model(*[b""] * 2000000)), "has no values"),
    refused("onnx empty nodes", "2,000,000 empty nodes in 4 MB, and no tensor",
            file_of(lambda k: model(graph=text(1, b"") * 2000000)), "(no tensor|nothing|memory)",
            inspect=0),
    refused("onnx tebibyte", "of zeros, a hole, for 16 floats", sparse_file,
            r"w: raw_data has the wrong size \(found 1099511627776"),
    accepted("onnx NaNs and their like", "equal in all inputs: kept bit for bit",
             file_of(lambda k: model(tensor("w", k, (8,), special_values(k)))), assert_special),
    accepted("onnx name with escapes", "ESC, C1, newline, invalid UTF-8: kept, printed escaped",
             named(b"w\x1b[31m\xc2\x9b\n\xff\x07"), assert_mean),
    *(refused(f"onnx external {label}", attack, external(*pairs, prepare=prepare), cause)
      for label, attack, pairs, prepare, cause in (
          ("..", "CVE-2022-25882", at("../secret.bin"), secret_beside, "secret"),
          ("a/../../b", "CVE-2024-27318", at("sub/../../secret.bin"), secret_beside, "secret"),
          ("absolute", "any file of the disk", at("/etc/passwd"), None, "/etc/passwd"),
          ("symlink", "CVE-2026-34447", at("w.bin"), replace_data("../good/good.onnx"), "w.bin"),
          ("parent symlink", "CVE-2026-27489", at("sub/w.bin"), linked_parent, "sub/w.bin"),
          ("link to a device", "reads for ever", at("w.bin"), replace_data("/dev/zero"), "w.bin"),
          ("link loop", "leads to itself", at("w.bin"), replace_data("w.bin"), "w.bin"),
          ("FIFO", "waits for ever", at("w.bin"), replace_data("fifo"), "FIFO"),
          ("folder", "no file", at("w.bin"), replace_data("folder"), "folder"),
          ("missing", "no such file", at("nowhere.bin"), None, "No such file"),
          ("itself", "the model as its own data", at("m.onnx"), None, "the model itself"),
          ("empty location", "no name", at(""), None, "location|external data"),
          ("NUL in the location", "C code would see w.bin", at("w.bin\0x"), None, "w.bin"),
          ("past the end", "64 bytes at 100 of 128", at("w.bin", 100), None, "too short"),
          ("wrapping offset", "2^64 - 16 + 64", at("w.bin", (1 << 64) - 16, 64), None,
           "too short"),
          ("negative offset", "GHSA-538c-55jv-c5g9", at("w.bin", -4), None, "offset.*'-4'"),
          ("negative length", "GHSA-538c-55jv-c5g9", at("w.bin", 0, -64), None, "length.*'-64'"),
          ("petabyte", "a length of 2^50", at("w.bin", 0, 1 << 50), None, "wrong length"),
          ("hexadecimal offset", "0x10", at("w.bin", "0x10"), None, "offset.*'0x10'"),
          ("number of 2^64", "passes 64 bits", at("w.bin", 1 << 64), None, "offset"),
          ("two locations", "which one is it?", at("w.bin") + at("w.bin"), None,
           "two entries 'location'"),
          ("two offsets", "which one is it?", at("w.bin", 0) + [("offset", "4")], None,
           "two entries 'offset'"),
          ("two lengths", "which one is it?", at("w.bin", 0, 64) + [("length", "64")], None,
           "two entries 'length'"),
          ("10,000 entries", "of unknown keys", at("w.bin") + [("k", "v")] * 10000, None,
           "more than 64 entries"))),
    refused("onnx external overlap", "two tensors that share 32 of their bytes",
            external(*at("w.bin", 0), more=[at("w.bin", 32)]), "overlap"),
    accepted("onnx external hard link", "to a file elsewhere: as caches have them",
             external(*at("w.bin"), prepare=hard_link), assert_external_mean),
    accepted("onnx external symlink inside", "that stays in the folder",
             external(*at("w.bin"), prepare=inside_link), assert_external_mean),
    accepted("onnx external shared range", "one range under two names",
             external(*at("w.bin"), more=[at("w.bin")]), assert_external_mean),
    accepted("onnx external unknown key", "ignored, and said", external(
        *at("w.bin"), ("surprise", "1")), assert_external_mean, warning="surprise"),
)
