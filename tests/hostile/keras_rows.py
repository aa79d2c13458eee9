"""Hostile Keras files: archives whose records lie, bombs, shards whose index leads astray."""
import io
import json
import os
import struct
import zlib

import h5py
import numpy

from corpus import accepted, refused, rows_of
from hdf5_rows import array, deflated_zeros
from zip_parts import Member, archive, zip64_end

METADATA = b'{"keras_version": "3.9.0"}'
CONFIG = b'{"class_name": "Sequential", "config": {"name": "s", "layers": []}}'
WEIGHTS = b"model.weights.h5"


def weights(k, fill=lambda file, k: None):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"] = array(k)
        fill(file, k)
    return content.getvalue()


def parts(k, fill=lambda file, k: None, **of_weights):
    return [Member(b"metadata.json", METADATA), Member(b"config.json", CONFIG),
            Member(WEIGHTS, weights(k, fill), **of_weights)]


def write(folder, content, name="m.keras"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def good(folder):
    return write(folder, archive(*parts(1)), "good.keras")


def packed(make):
    """A row's `make` of an archive of make(k): (members, what the end record says otherwise)."""
    def write_it(folder, k):
        made = make(k)
        members, end = made if isinstance(made, tuple) else (made, {})
        return write(folder, archive(*members, **end))
    return write_it


def with_weights(**changes):
    return packed(lambda k: parts(k, **changes))


def with_end(**end):
    return packed(lambda k: (parts(k), end))


def with_more(*more):
    """More members, in front of the weights."""
    return packed(lambda k: [*(make() for make in more), *parts(k)])


def with_config(content, **facts):
    return packed(lambda k: [Member(b"metadata.json", METADATA),
                             Member(b"config.json", content, **facts), parts(k)[2]])


def named(name):
    return with_more(lambda: Member(name, b"text"))


def raw_deflate(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def deflated(k, content=None, **facts):
    content = weights(k) if content is None else content
    return Member(WEIGHTS, raw_deflate(content), method=8,
                  **{"size": len(content), "crc": zlib.crc32(content), **facts})


def quoted_overlap(k):
    """Fifield's: the weights' header lies in the data of a stored member before it."""
    whole = parts(k)
    inner = Member(b"assets/in", whole[2].local_header() + whole[2].content)
    header = len(archive(inner)) - len(inner.entry()) - 22 - len(inner.content)
    whole[2].header_at, whole[2].writes = header, False
    return [inner, *whole]


def same_data_twice(k):
    whole = parts(k)
    twin = Member(b"assets/twin", b"", header_at=None, writes=False)
    whole[2].header_at = sum(len(m.local_header()) + len(m.content) for m in whole[:2])
    twin.header_at = whole[2].header_at
    return [*whole, twin]


def hdf5_bomb(k, version=0):
    """A quarter of a gibibyte of zeros behind an HDF5 file."""
    head = bytearray(weights(k))
    head[8] = version
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return Member(WEIGHTS, start + deflated_zeros(1 << 28)[2:-4], method=8,
                  size=len(head) + (1 << 28), crc=0)


def external_storage(file, k):
    file.create_dataset("odd", (4,), "<f4", external=[("/etc/passwd", 0, 16)])


def external_link(file, k):
    file["odd"] = h5py.ExternalLink("/etc/passwd", "/w")


def shape_bomb(file, k):
    file.create_dataset("odd", (1 << 31, 1 << 31), "<f4", chunks=(1 << 10, 1 << 10))


def assert_mean(test, inputs, output):
    expected = ((array(0) + array(1)) / 2).tobytes()
    test.assertEqual(output.read_bytes().count(expected), 1)


LAMBDA = json.dumps({"class_name": "Lambda", "config": {
    "name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}}})

ARCHIVE_ROWS = rows_of(
    good,
    refused("zip size in the directory", "other than in the member's header",
            with_weights(central={"size": 100, "stored": 100}), "header"),
    refused("zip size in the header", "other than in the directory",
            with_weights(local={"size": 100, "stored": 100}), "header"),
    refused("zip name in the header", "other than in the directory",
            with_weights(local={"name": b"model.weights.hX"}), "header"),
    refused("zip method in the header", "other than in the directory",
            with_weights(local={"method": 8}), "header"),
    refused("zip flags in the header", "other than in the directory",
            with_weights(local={"flags": 1}), "header"),
    refused("zip checksum in the header", "other than in the directory",
            with_weights(local={"crc": 1}), "header"),
    refused("zip wrong checksum", "in both", with_weights(crc=12345), "checksum", inspect=0),
    refused("zip stored in more", "a stored member with two sizes",
            with_weights(size=1 << 20), "size|stored"),
    refused("zip 0xFFFFFFFF sizes", "left to a zip64 field that isn't there",
            with_weights(local={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF},
                         central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF}), "zip64|longer|size"),
    refused("zip zip64 sizes of 2^63", "that wrap with the member's place", with_weights(
        extra=struct.pack("<2H2Q", 1, 16, 1 << 63, 1 << 63),
        local={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF},
        central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF}), "longer|room|size"),
    refused("zip zip64 field cut short", "4 bytes for 16", with_weights(
        extra=struct.pack("<2HI", 1, 4, 7),
        local={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF},
        central={"size": 0xFFFFFFFF, "stored": 0xFFFFFFFF}), "zip64|damaged"),
    refused("zip quoted overlap", "Fifield's bomb: members in members", packed(quoted_overlap),
            "overlap"),
    refused("zip overlap", "two entries of one member, of other names", packed(same_data_twice),
            "overlap|header"),
    refused("zip two of one name", "which one is it?",
            packed(lambda k: [*parts(k), parts(k + 1)[2]]), "two members.*model.weights.h5"),
    refused("zip two configurations", "which one is it?",
            packed(lambda k: [*parts(k)[:2], *parts(k)[1:]]), "two members.*config.json"),
    *(refused(f"zip name {label}", "would be written elsewhere by who unpacks it", named(name),
              "name|leads")
      for label, name in (("..", b"../evil"), ("a/../../b", b"a/../../b"), ("absolute", b"/etc/x"),
                          ("backslashes", b"..\\..\\evil"), ("drive", b"C:\\evil"),
                          ("NUL", b"config.json\0.txt"), ("empty", b""))),
    refused("zip encrypted", "the weights", with_weights(flags=1), "encrypted"),
    refused("zip strongly encrypted", "the weights", with_weights(flags=0x41), "encrypted"),
    refused("zip encrypted directory", "masked headers", with_weights(flags=0x2001), "encrypted"),
    refused("zip method 12", "bzip2", with_weights(method=12), "method 12"),
    refused("zip method 99", "AES", with_weights(method=99), "method 99"),
    refused("zip descriptor", "sizes behind the data", with_weights(flags=8), "behind its data"),
    refused("zip disks", "an end record of disk 1", with_end(disk=1), "several disks"),
    refused("zip directory's disk", "on disk 7", with_end(directory_disk=7), "several disks"),
    refused("zip member's disk", "on disk 3", with_weights(central={"disk": 3}), "several disks"),
    refused("zip zip64 disks", "several in the locator",
            with_end(zip64=zip64_end(disks=9), members=0xFFFF, here=0xFFFF), "several disks"),
    refused("zip more members", "than there are", with_end(members=9, here=9), "number of members"),
    refused("zip members here", "other than all", with_end(here=1), "several disks"),
    refused("zip directory elsewhere", "not before the end", with_end(at=0), "directory"),
    refused("zip directory too long", "4 GiB", with_end(bytes=0xFFFFFFF0), "directory"),
    refused("zip zip64 end elsewhere", "a locator that leads out",
            with_end(zip64=zip64_end(end=1 << 62), members=0xFFFF, here=0xFFFF), "contradict"),
    refused("zip zip64 contradicts", "4 members here, 3 there",
            with_end(zip64=zip64_end(), members=4, here=4), "contradict"),
    refused("zip zip64 of 2^60 members", "that nobody can have",
            with_end(zip64=zip64_end(here=1 << 60, members=1 << 60), members=0xFFFF, here=0xFFFF),
            "number of members"),
    refused("zip something in front", "offsets from elsewhere",
            lambda folder, k: write(folder, b"PK" * 50 + archive(*parts(k))),
            "header|directory|not a checkpoint"),
    refused("zip entry past the directory", "a name of 60,000 bytes that isn't there",
            packed(lambda k: (parts(k), {"bytes": 60, "members": 1, "here": 1})), "directory"),
    refused("zip bomb of zeros", "a gibibyte in a megabyte, no HDF5",
            packed(lambda k: [*parts(k)[:2], Member(
                WEIGHTS, deflated_zeros(1 << 30)[2:-4], method=8, size=1 << 30, crc=0)]),
            "no HDF5"),
    refused("zip bomb behind HDF5", "a quarter of a gibibyte of zeros behind an HDF5 file", packed(
            lambda k: [*parts(k)[:2], hdf5_bomb(k)]), "an HDF5 file of another size"),
    refused("zip bomb behind a superblock", "the same, the superblock of a version that isn't",
            packed(lambda k: [*parts(k)[:2], hdf5_bomb(k, version=9)]), "damaged superblock"),
    refused("zip HDF5 cut off", "an HDF5 file of more bytes than the member has",
            packed(lambda k: [*parts(k)[:2], deflated(k, weights(k)[:-8])]),
            "an HDF5 file of another size"),
    refused("zip wrong checksum, deflated", "in both",
            packed(lambda k: [*parts(k)[:2], deflated(k, crc=12345)]), "checksum"),
    refused("zip impossible ratio", "a tebibyte out of a kilobyte",
            packed(lambda k: [*parts(k)[:2], deflated(
                k, size=0xFFFFFFFF, extra=struct.pack("<2HQ", 1, 8, 1 << 40))]), "can't have"),
    refused("zip unpacks to more", "than the directory says",
            packed(lambda k: [*parts(k)[:2], deflated(k, size=2000)]), "unpack"),
    refused("zip unpacks to less", "than the directory says",
            packed(lambda k: [*parts(k)[:2], deflated(k, size=len(weights(k)) + 1)]), "unpack"),
    refused("zip no deflate", "random bytes", packed(
        lambda k: [*parts(k)[:2], Member(WEIGHTS, os.urandom(3000), method=8, size=9000)]),
        "unpack"),
    refused("zip config bomb", "64 MiB of spaces in 64 KB", with_config(
        raw_deflate(b" " * (64 << 20)), method=8, size=64 << 20, crc=0), "config.json: .*large"),
    refused("zip config of a million lists", "24 bytes for each of its own",
            with_config(b"[" + b"[]," * 8000000 + b"[]]"), "JSON|memory|budget"),
    refused("zip weights of numpy", "an .npz with pickled objects",
            packed(lambda k: [*parts(k)[:2], Member(b"model.weights.npz", b"PK")]), "npz"),
    refused("zip no weights", "an archive of something", packed(lambda k: parts(k)[:2]),
            "model.weights.h5"),
    refused("zip external storage", "CVE-2026-1669: /etc/passwd as a weight",
            packed(lambda k: parts(k, external_storage)), "odd: .*other files", inspect=0),
    refused("zip external link", "CVE-2026-1669: to another file",
            packed(lambda k: parts(k, external_link)), "odd: .*another file", inspect=0),
    refused("zip shape bomb", "CVE-2026-0897: 2^31 x 2^31 elements in 2 KB",
            packed(lambda k: parts(k, shape_bomb)), "odd: .*(claims|large|places)"),
    accepted("zip Lambda in the configuration", "CVE-2025-1550: its code is never run",
             with_config(LAMBDA.encode()), assert_mean),
    accepted("zip config of brackets", "nested 1,000,000 deep: tells nothing",
             with_config(b"[" * 1000000), assert_mean, warning="too deep"),
    accepted("zip config with a key twice", "tells nothing",
             with_config(b'{"config": {"layers": []}, "config": {"layers": []}}'), assert_mean,
             warning="a key twice"),
    accepted("zip deflated weights", "as other packers have them", packed(
        lambda k: [*parts(k)[:2], deflated(k)]), assert_mean),
    accepted("zip name with escapes", "ESC and newline: kept", named(b"assets/\x1b[2J\n"),
             assert_mean),
)


def shards(change, prepare=lambda folder: None):
    """A row's `make` of sharded weights whose index is change(document, folder), or its text."""
    def make(folder, k):
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(2):
            with h5py.File(folder / f"m_0000{i}.weights.h5", "w") as file:
                file[f"layers/dense_{i}/vars/0"] = array(k)
        document = {"metadata": {"total_size": 1.0},
                    "weight_map": {f"/layers/dense_{i}/vars": f"m_0000{i}.weights.h5"
                                   for i in range(2)}}
        prepare(folder)
        text = change(document)
        text = text if isinstance(text, str) else json.dumps(document)
        (folder / "m.weights.json").write_text(text)
        return folder / "m.weights.json"
    return make


def mapped(value, prepare=lambda folder: None):
    def change(document):
        document["weight_map"]["/layers/dense_1/vars"] = value
    return shards(change, prepare)


def good_shards(folder):
    return shards(lambda document: None)(folder, 1)


def replaced(kind):
    def prepare(folder):
        path = folder / "m_00001.weights.h5"
        content = path.read_bytes()
        path.unlink()
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "outside":
            (folder.parent / "secret.h5").write_bytes(content)
            path.symlink_to("../secret.h5")
        elif kind == "inside":
            (folder / "blob").write_bytes(content)
            path.symlink_to("blob")
        elif kind == "text":
            path.write_text("no HDF5")
        elif kind == "zero":
            path.symlink_to("/dev/zero")
    return prepare


def json_of(text):
    """The index with this in the place of its first file's name."""
    return shards(lambda document: json.dumps(document).replace('"m_00000.weights.h5"', text, 1))


def assert_shard_means(test, inputs, output):
    found = sorted(output.parent.glob("*.h5"))
    test.assertEqual(len(found), 2)
    for path in found:
        test.assertEqual(path.read_bytes().count(((array(0) + array(1)) / 2).tobytes()), 1)


SHARD_ROWS = rows_of(
    good_shards,
    *(refused(f"shard {label}", "outside the index's folder", mapped(name), "shard")
      for label, name in (("..", "../secret.h5"), ("a/../../b", "a/../../secret.h5"),
                          ("absolute", "/etc/passwd"), ("in a folder", "sub/x.h5"),
                          (".", "."), ("with NUL", "m_00001.weights.h5\0"), ("empty", ""))),
    refused("shard symlink", "to a file elsewhere",
            mapped("m_00001.weights.h5", replaced("outside")), "shard"),
    refused("shard device", "reads for ever", mapped("m_00001.weights.h5", replaced("zero")),
            "shard"),
    refused("shard FIFO", "waits for ever", mapped("m_00001.weights.h5", replaced("fifo")),
            "shard.*FIFO"),
    refused("shard of text", "no HDF5", mapped("m_00001.weights.h5", replaced("text")), "shard"),
    refused("shard missing", "no such file", mapped("m_00009.weights.h5"), "No such file"),
    refused("shard index as shard", "itself", mapped("m.weights.json"), "shard"),
    refused("shard number", "no name", mapped(7), "not a name"),
    refused("shard list of lists", "no names", mapped([["m_00001.weights.h5"]]), "not a name"),
    refused("shard empty list", "in no file", mapped([]), "in no file"),
    refused("shard two of one name", "which one is it?",
            shards(lambda document: json.dumps(document).replace("dense_1", "dense_0")),
            "twice|two"),
    refused("shard two maps", "which one is it?",
            shards(lambda document: json.dumps(document)[:-1] + ', "weight_map": {"/a": "b.h5"}}'),
            "twice|two"),
    refused("shard depth", "100,000 brackets",
            shards(lambda document: json.dumps(document)[:-1] + ', "x": ' + "[" * 100000), "deep"),
    refused("shard depth 300", "lists in lists, closed",
            json_of("[" * 300 + '"m.h5"' + "]" * 300), "deep|name"),
    refused("shard NUL", "where the parser would end, but not who reads on", shards(
        lambda document: json.dumps(document) + '\0 "open'), "NUL"),
    refused("shard cut off", "half the index",
            shards(lambda document: json.dumps(document)[:120]), "JSON"),
    refused("shard no variables", "where the map says they are",
            mapped("m_00000.weights.h5"), "no variables"),
    refused("shard of 80 MB", "an index of spaces",
            shards(lambda document: json.dumps(document) + " " * (80 << 20)), "too large|memory"),
    refused("shard a million files", "names of files that aren't there",
            mapped([f"{i}.h5" for i in range(1000000)]), "memory|No such file"),
    accepted("shard symlink inside", "that stays in the folder",
             mapped("m_00001.weights.h5", replaced("inside")), assert_shard_means,
             comes_back=False),
)
