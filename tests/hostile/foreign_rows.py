"""What isn't a checkpoint, or isn't a file: told by its content, never run, never read on."""
import gzip
import json
import os
import pickle
import socket
import struct

import onnx_rows
from corpus import refused, rows_of


def file_of(content, name="m.bin"):
    def make(folder, k):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return folder / name
    return make


def made(prepare, name="m.bin"):
    """A row's `make` of what isn't a regular file."""
    def make(folder, k):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(folder / name):
            prepare(folder / name)
        return folder / name
    return make


def sparse(path):
    path.touch()
    os.truncate(path, 1 << 40)


def bind(path):
    with socket.socket(socket.AF_UNIX) as sock:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")  # a long path doesn't fit its address
        os.close(folder)


class Command:
    def __reduce__(self):
        return os.system, ("touch /tmp/polyak-ran-a-pickle",)


SAFETENSORS = json.dumps({"w": {"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 1 << 62]}})

ROWS = rows_of(
    onnx_rows.good,
    refused("FIFO", "waits for ever", made(os.mkfifo), "FIFO"),
    refused("socket", "no file", made(bind), "m.bin: (is a socket|cannot open)"),
    refused("device", "reads for ever", made(lambda path: path.symlink_to("/dev/zero")), "device"),
    refused("empty device", "/dev/null", made(lambda path: path.symlink_to("/dev/null")), "device"),
    refused("terminal", "would become the controlling one",
            made(lambda path: path.symlink_to("/dev/ptmx")), "device|cannot open"),
    refused("link loop", "leads to itself", made(lambda path: path.symlink_to(path.name)),
            "m.bin: "),
    refused("dangling link", "leads nowhere", made(lambda path: path.symlink_to("nowhere")),
            "m.bin: .*No such file"),
    refused("file of the kernel", "of no size, but with content",
            made(lambda path: path.symlink_to("/proc/version")), "empty|not a checkpoint"),
    refused("empty file", "nothing", file_of(b""), "empty"),
    refused("one byte", "PK's first", file_of(b"P"), "not a checkpoint|damaged|ends"),
    refused("tebibyte of zeros", "a hole", made(sparse), "not a checkpoint"),
    refused("file with escapes in its name", "printed escaped",
            file_of(b"text\n", "m\x1b[2J\n\x9b.onnx"), r"m\\x1b\[2J\\.*not a checkpoint"),
    refused("pickle", "CVE-2025-32434: runs a command when it is loaded",
            file_of(pickle.dumps(Command(), 2)), "not a checkpoint"),
    refused("safetensors", "an exabyte in its header",
            file_of(struct.pack("<Q", len(SAFETENSORS)) + SAFETENSORS.encode()),
            "not a checkpoint"),
    refused("GGUF", "CVE-2026-33298: sizes that wrap",
            file_of(b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1 << 62)), "not a checkpoint"),
    refused("npy", "an array of objects", file_of(
        b"\x93NUMPY\1\0v\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}".ljust(118)),
        "not a checkpoint"),
    refused("gzip bomb", "a gibibyte of zeros", file_of(gzip.compress(bytes(1 << 24))),
            "not a checkpoint"),
)
