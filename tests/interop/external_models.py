"""ONNX models whose elements lie in other files, laid out as a test wants them."""
import random
from dataclasses import dataclass

from onnx import TensorProto

import onnx_models
from float_rounding import BFLOAT16, FLOAT16, FLOAT32, FLOAT64


@dataclass(frozen=True)
class Part:
    """A tensor and where it lies; `says` are the entries that the model has of offset, length."""
    name: str
    number: object  # a FloatFormat; None: int64
    elements: int
    location: str
    offset: int
    says: tuple = ("offset", "length")

    @property
    def bytes(self):
        return self.elements * (self.number.bytes if self.number else 8)

    @property
    def range(self):
        return self.offset, self.offset + self.bytes


# Two files, one in a folder of folders; gaps, a tensor that two names share, missing entries.
PARTS = (
    Part("a", FLOAT32, 3000, "weights.bin", 0, ("length",)),
    Part("b", FLOAT16, 501, "weights.bin", 12289),
    Part("b.tied", FLOAT16, 501, "weights.bin", 12289),
    Part("c", BFLOAT16, 300, "parts/deep/more.bin", 7),
    Part("ids", None, 10, "parts/deep/more.bin", 1000),
    Part("d", FLOAT64, 200, "parts/deep/more.bin", 4096, ("offset",)),
    Part("e", FLOAT32, 4, "parts/last", 0, ()),
)
TRAILING_BYTES = 33
AVERAGED = ("a", "b", "b.tied", "c", "d", "e")


def data_bytes(parts, k):
    """{location: bytes}: elements of checkpoint k, between them bytes that are no tensor's."""
    files = {}
    for part in parts:
        size = max(other.range[1] for other in parts if other.location == part.location)
        size += TRAILING_BYTES if "length" in part.says or "offset" in part.says else 0
        files.setdefault(part.location, bytearray(random.Random(f"{part.location} gaps {k}")
                                                  .randbytes(size)))
    for part in parts:
        start, end = part.range
        files[part.location][start:end] = _elements(part, k)
    return {location: bytes(content) for location, content in files.items()}


def _elements(part, k):
    source = random.Random(f"{part.location} {part.offset} {k if part.number else 0}")
    if part.number is None:
        return source.randbytes(part.bytes)
    number = part.number
    bits = [min(source.getrandbits(number.bits - 1), number.largest) |
            source.choice((0, number.sign_bit)) for _ in range(part.elements)]
    return onnx_models.pack_bits(bits, number)


def proto(part):
    tensor = TensorProto(name=part.name, dims=[part.elements],
                         data_location=TensorProto.EXTERNAL,
                         data_type=onnx_models.TYPE_OF[part.number] if part.number
                         else TensorProto.INT64)
    entries = {"location": part.location, "offset": str(part.offset), "length": str(part.bytes)}
    for key in ("location", *part.says):
        tensor.external_data.add(key=key, value=entries[key])
    return tensor


def write(folder, k, parts=PARTS, more=(), name="model.onnx"):
    """The model, in a folder of its own with its data; `more` tensors lie in the model."""
    for location, content in data_bytes(parts, k).items():
        (folder / location).parent.mkdir(parents=True, exist_ok=True)
        (folder / location).write_bytes(content)
    model = onnx_models.model_of([*map(proto, parts), *more])
    return onnx_models.save(model, folder / name)


def files_in(folder):
    """{relative name: bytes} of everything in it; a folder ends with a slash."""
    return {str(path.relative_to(folder)) + ("/" if path.is_dir() else ""):
            b"" if path.is_dir() else path.read_bytes() for path in folder.rglob("*")}
