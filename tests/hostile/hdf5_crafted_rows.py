"""HDF5 made to lead a reader that knows the format by itself to other bytes than the library's.

What is right is what h5py reads of each file: its values averaged, or a refusal where it refuses.
"""
import struct

import h5py
import numpy

from corpus import accepted, refused, rows_of
from hdf5_rows import array, good

SIGNATURE = b"\x89HDF\r\n\x1a\n"
FALSE = numpy.full((4, 4), 666, "<f4").tobytes()
NIL, LAYOUT, SYMBOL_TABLE = 0, 8, 0x11
PREFIX = 16          # of a header of the first version, before its messages
END_OF_FILE = 40     # where a superblock of the first version says it


def written(folder, k, names, dtypes=("<f4",)):
    """A file of the oldest format with datasets of one kind, whose header is soon a known one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "m.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        for i, name in enumerate(names):
            file.create_dataset(name, data=array(k).astype(dtypes[i % len(dtypes)]))
    return path


def of_two_types(folder, k):
    """Headers that differ in the bytes of their type alone."""
    return written(folder, k, [f"a{i}" for i in range(6)], dtypes=("<f4", ">f4"))


def address(path, name):
    with h5py.File(path, "r") as file:
        return h5py.h5o.get_info(file[name].id).addr


def messages(data, header):
    """[(place, type, size)] of a header's messages."""
    found, at = [], header + PREFIX
    end = at + struct.unpack_from("<I", data, header + 8)[0]
    while at < end:
        kind, size = struct.unpack_from("<HH", data, at)
        found.append((at, kind, size))
        at += 8 + size
    return found


def place_of(data, header, kind):
    return next(at for at, found, _ in messages(data, header) if found == kind)


def signature_in_a_heap(folder, k):
    """A group's names, moved, begin as a superblock does, in the eight bytes of the empty name; its
    only other name still comes after that. As far behind them as the header of z is behind the
    superblock lies another one, with other elements: who takes the heap for the superblock finds
    that."""
    path = written(folder, k, ("a", "m/\u00e9", "z"))
    header, group = address(path, "z"), address(path, "m")
    data = bytearray(path.read_bytes())
    data += bytes(-len(data) % 8)
    heap, = struct.unpack_from("<Q", data, place_of(data, group, SYMBOL_TABLE) + 16)
    assert data[heap:heap + 4] == b"HEAP"
    size, _, names = struct.unpack_from("<QQQ", data, heap + 8)
    base = len(data)
    struct.pack_into("<Q", data, heap + 24, base)
    data += SIGNATURE + data[names + 8:names + size]
    false_header = base + header
    length = PREFIX + struct.unpack_from("<I", data, header + 8)[0]
    data += bytes(false_header - len(data)) + data[header:header + length]
    struct.pack_into("<Q", data, place_of(data, false_header, LAYOUT) + 10, len(data) - base)
    data += FALSE
    struct.pack_into("<Q", data, END_OF_FILE, len(data))
    path.write_bytes(data)
    return path


def unaligned_message(folder, k):
    """The empty space of a header cut in two, the first of 4 bytes: the library refuses it."""
    path = written(folder, k, [f"a{i}" for i in range(4)])
    header = address(path, "a2")
    data = bytearray(path.read_bytes())
    at, size = next((at, size) for at, kind, size in messages(data, header) if kind == NIL)
    assert size >= 16
    struct.pack_into("<HHB3x", data, at, NIL, 4, 0)
    struct.pack_into("<HHB3x", data, at + 12, NIL, size - 12, 0)
    count, = struct.unpack_from("<H", data, header + 2)
    struct.pack_into("<H", data, header + 2, count + 1)
    path.write_bytes(data)
    with h5py.File(path, "r") as file:
        assert "a1" in file and file["a1"].shape == (4, 4)
        try:
            file["a2"].shape
        except KeyError:
            return path
    raise AssertionError("h5py reads it")


def datasets(path):
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()]})
                        if isinstance(item, h5py.Dataset) else None)
    return found


def assert_means_of_what_h5py_reads(test, inputs, output):
    first, second, found = map(datasets, (*inputs, output))
    test.assertEqual(found.keys(), first.keys())
    for name, values in found.items():
        numpy.testing.assert_array_equal(values, (first[name] + second[name]) / 2, name)


ROWS = rows_of(
    good,
    accepted("hdf5 known header of another type", "the same but for the order of bytes",
             of_two_types, assert_means_of_what_h5py_reads),
    accepted("hdf5 signature in a heap", "moves the superblock for who takes it there",
             signature_in_a_heap, assert_means_of_what_h5py_reads),
    refused("hdf5 unaligned message", "in a header of a known kind: h5py refuses it",
            unaligned_message, "a2: .*not aligned"),
)
