"""The tensors of the made checkpoints: names and shapes, and the numbers in them.

The numbers are seeded. Those of one set lie as checkpoints along a training run do: around a common
centre (standard deviation 0.02), each a step further along a common direction, with noise of its
own (0.002). They are made a block at a time, so that a checkpoint of any size needs little memory.
"""
import math
from dataclasses import dataclass

import numpy

BLOCK_ELEMENTS = 1 << 20
LAYERS = 16
TINY_ELEMENTS = 256

# What the bytes of a file are read as; bfloat16 is bits, for numpy has no such numbers.
STORED = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "float64": "<f8"}


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple

    @property
    def elements(self):
        return math.prod(self.shape)


def item_bytes(dtype):
    return numpy.dtype(STORED[dtype]).itemsize


def _layer(prefix, width):
    for name, rows in (("ln_1", 0), ("attn.c_attn", 1), ("attn.c_proj", 1), ("ln_2", 0),
                       ("mlp.c_fc", 1), ("mlp.c_proj", 4)):
        columns = {"attn.c_attn": 3 * width, "mlp.c_fc": 4 * width}.get(name, width)
        yield Tensor(f"{prefix}.{name}.weight", (rows * width, columns) if rows else (width,))
        yield Tensor(f"{prefix}.{name}.bias", (columns,))


def transformer(elements):
    """About 200 tensors named and shaped as GPT-2's, of `elements` in all (to within a row).

    Four fifths are in the layers, most of the rest in the token embedding, the largest tensor.
    """
    width = max(1, math.isqrt(elements * 4 // 5 // (12 * LAYERS)))
    width -= width % 8 if width > 64 else 0
    layers = [tensor for i in range(LAYERS) for tensor in _layer(f"transformer.h.{i}", width)]
    last = [Tensor("transformer.ln_f.weight", (width,)), Tensor("transformer.ln_f.bias", (width,))]
    rows = max(2, (elements - sum(tensor.elements for tensor in layers + last)) // width)
    positions = min(1024, rows // 2)
    return [Tensor("transformer.wte.weight", (rows - positions, width)),
            Tensor("transformer.wpe.weight", (positions, width)), *layers, *last]


def tiny(count):
    """Many tensors of 256 elements, 1 KiB each in float32, ten to a block."""
    return [Tensor(f"block.{i // 10}.bias{i % 10}", (TINY_ELEMENTS,)) for i in range(count)]


def blocks(tensor):
    """(first element, elements) of the runs that the numbers are made and checked in."""
    for start in range(0, tensor.elements, BLOCK_ELEMENTS):
        yield start, min(BLOCK_ELEMENTS, tensor.elements - start)


class Numbers:
    """The numbers of one checkpoint after another's, in the order of its tensors."""

    def __init__(self, dtype, checkpoints):
        self._dtype = dtype
        self._made_as = "f8" if dtype == "float64" else "f4"
        self._centre = self._stream(0)
        self._direction = self._stream(1)
        self._noise = {k: self._stream(2 + k) for k in checkpoints}

    def _stream(self, number):
        return numpy.random.Generator(numpy.random.SFC64([20240, number]))

    def _draw(self, stream, count, deviation):
        numbers = stream.standard_normal(count, self._made_as)
        numbers *= deviation
        return numbers

    def next_block(self, count):
        """{checkpoint: bytes} of the next `count` elements of each."""
        centre = self._draw(self._centre, count, 0.02)
        direction = self._draw(self._direction, count, 0.0005)
        for k, stream in self._noise.items():
            numbers = self._draw(stream, count, 0.002)
            numbers += centre
            numbers += direction * numpy.dtype(self._made_as).type(k)
            yield k, self._stored(numbers)

    def _stored(self, numbers):
        if self._dtype != "bfloat16":
            return numbers.astype(STORED[self._dtype], copy=False)
        bits = numbers.view("u4")
        return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype("<u2")
