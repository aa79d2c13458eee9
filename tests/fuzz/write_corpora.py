"""write_corpora.py FOLDER: what the fuzz targets begin with, in FOLDER/archive, index, chunk and
program: the seeds of tests/hostile, answers of a helper, chunks. (model_fuzzer has write_seeds.)
"""
import pathlib
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))

from onnx_rows import number, text  # noqa: E402
from seeds import write_seeds  # noqa: E402

FLOAT32 = (number(1, 2) + number(2, 4) + text(3, number(1, 1) + number(3, 32) + number(5, 31)
                                              + number(6, 23) + number(7, 8) + number(9, 23)
                                              + number(10, 127) + number(11, 1)))


def dataset(path, *fields, dims=(5,)):
    shape = b"".join(number(4, dim) for dim in dims)
    return text(2, text(1, path) + text(2, FLOAT32) + shape + b"".join(fields))


def contiguous(path, offset):
    return dataset(path, number(5, 1), number(6, offset), number(7, 20))


def chunked(path, *filters):
    told = b"".join(text(9, number(1, kind) + number(3, 4)) for kind in filters)
    return dataset(path, number(5, 2), number(8, 2), told, number(10, 800), number(12, 1))


def chunks(*places, size=8):
    return text(3, b"".join(number(1, place) + number(2, size) + number(3, 0) for place in places))


ATTRIBUTE = text(5, text(2, "model_config") + text(3, '{"class_name": "Sequential"}'))
DONE = number(11, 1)
ANSWERS = {
    "contiguous": [contiguous("a/w", 100) + contiguous("a/b", 200), ATTRIBUTE + DONE],
    "chunked": [chunked("w"), chunks(0, 8), chunks(64), DONE],
    "filtered": [chunked("w", 2, 1), chunks(512, 600, 700, size=11), DONE],
    "compact": [dataset("w", number(5, 3), number(10, 800)), text(4, bytes(20)), DONE],
    "unwritten": [dataset("w", number(5, 1), text(11, bytes(4)), number(10, 800)) + DONE],
    "failure": [text(10, number(1, 1) + text(2, "words"))],
}
# Filters (count, each with its kind and parameters), mask, size of the elements, what is stored.
CHUNKS = {
    "deflate": bytes([1, 0x40, 6, 0, 15, 3]) + zlib.compress(bytes(64)),
    "shuffle": bytes([2, 0x41, 4, 0x40, 6, 0, 15, 3]) + zlib.compress(bytes(64)),
    "fletcher32": bytes([1, 2, 0, 15, 0]) + bytes(20),
    "lzf": bytes([1, 3, 0, 15, 3]) + b"\x00a\xe0\x36\x00",
    "plain": bytes([0, 0, 15, 0]) + bytes(16),
}


def packets(parts):
    return b"".join(len(part).to_bytes(2, "little") + part for part in parts)


def main(folder):
    for name, parts in ANSWERS.items():
        write(folder / "index" / name, packets(parts))
    for name, content in CHUNKS.items():
        write(folder / "chunk" / name, content)
    with tempfile.TemporaryDirectory() as temporary:
        seeds = write_seeds(pathlib.Path(temporary))
        for path in seeds.glob("*/*/a/*"):
            kind, seed = path.relative_to(seeds).parts[:2]
            name = f"{kind}-{seed}-{path.name}".replace(" ", "-")
            if kind in ("archive", "sharded"):
                write(folder / "archive" / name, path.read_bytes())
            if path.suffix != ".data":
                write(folder / "program" / name, path.read_bytes())


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
