"""Holds outputs against a mean computed here, from the inputs' bytes, with nothing of polyak's.

numpy sums in more bits than the dtype has (float64; long double for float64 inputs) and rounds.
That is the right answer but for a few elements in a million, where two roundings differ from one:
every element in which polyak's answer differs is decided by exact fractions. Peers need not be
exact; of them it is counted how many elements are not what numpy has.
"""
import pathlib
from dataclasses import dataclass
from fractions import Fraction

import h5py
import numpy
import onnx

import tensors as made
from jobs import EMA_DECAY

PEER_TOLERANCE = 1e-6  # elements are about 0.02: this finds a wrong mean, not a rounding
PRECISION = {"float16": (11, -14), "bfloat16": (8, -126), "float32": (24, -126),
             "float64": (53, -1022)}  # bits, least exponent


class WrongOutput(Exception):
    """An output that isn't the mean."""


@dataclass(frozen=True)
class Verdict:
    """Of one output: how many elements were compared, how many were not numpy's answer, how many
    of those were decided (and found right) by fractions."""
    elements: int
    differing: int
    decided: int


def weights_of(method, count):
    """One float64 a checkpoint, as the method's definition has it."""
    if method == "uniform":
        return [1.0] * count
    decay = Fraction(EMA_DECAY)
    return [float((1 if k == 0 else 1 - decay) * decay ** (count - 1 - k)) for k in range(count)]


def rounded(value, dtype):
    """The fraction that rounding this one to the dtype, to nearest even, gives."""
    if value == 0:
        return value
    bits, least = PRECISION[dtype]
    exponent = abs(value).numerator.bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    quantum = Fraction(2) ** (max(exponent, least) - bits + 1)
    return round(value / quantum) * quantum


def widened(stored, dtype):
    """Stored elements as numbers that numpy calculates with."""
    if dtype == "bfloat16":
        return (stored.astype("u4") << 16).view("f4").astype("f8")
    return stored.astype(numpy.longdouble if dtype == "float64" else "f8")


def narrowed(wide, dtype):
    """Rounded and stored. bfloat16 is cut out of a float64's bits, so that it is rounded once."""
    if dtype != "bfloat16":
        return wide.astype(made.STORED[dtype])
    bits = wide.view("u8")
    bits = (bits + 0xFFFFFFFFFFF + ((bits >> 45) & 1)) & ~numpy.uint64((1 << 45) - 1)
    return (bits.view("f8").astype("f4").view("u4") >> 16).astype("<u2")


class OnnxOutput:
    """The stored elements of an ONNX model by tensor, its external data too."""

    def __init__(self, path):
        self._model = onnx.load(str(path))
        self._tensors = {tensor.name: tensor for tensor in self._model.graph.initializer}

    def names(self):
        return set(self._tensors)

    def read(self, name, dtype):
        return numpy.frombuffer(self._tensors[name].raw_data, made.STORED[dtype])


class Hdf5Output:
    def __init__(self, path):
        self._file = h5py.File(path, "r")

    def names(self):
        found = set()
        self._file.visititems(lambda name, item: found.add(name.replace("/", "."))
                              if isinstance(item, h5py.Dataset) else None)
        return found

    def read(self, name, dtype):
        return self._file[name.replace(".", "/")][...].reshape(-1).view(made.STORED[dtype])


class TorchOutput:
    def __init__(self, path):
        import torch
        self._state = torch.load(path)

    def names(self):
        return set(self._state)

    def read(self, name, _):
        return self._state[name].numpy().reshape(-1)


def opened(path):
    kinds = {".onnx": OnnxOutput, ".h5": Hdf5Output, ".pt": TorchOutput}
    return kinds[pathlib.Path(path).suffix](path)


class _Mean:
    """The mean of a set of inputs, a block at a time."""

    def __init__(self, inputs, weights):
        self._inputs = inputs
        self.weights = weights
        self.dtype = inputs.contents.dtype
        self._item = made.item_bytes(self.dtype)

    def blocks_at(self, offset, start, count):
        """The stored elements of each input."""
        return [numpy.fromfile(path, made.STORED[self.dtype], count,
                               offset=offset + start * self._item) for path in self._inputs.data]

    def of(self, blocks):
        total = 0
        for weight, stored in zip(self.weights, blocks):
            total = total + weight * widened(stored, self.dtype)
        divisor = numpy.longdouble(0)
        for weight in self.weights:
            divisor += weight
        return (total / divisor).astype(total.dtype, copy=False)

    def exactly(self, blocks, i):
        """The true mean of one element."""
        values = [Fraction(float(widened(stored[i:i + 1], self.dtype)[0])) for stored in blocks]
        weights = [Fraction(weight) for weight in self.weights]
        return sum(w * x for w, x in zip(weights, values)) / sum(weights)


def _decide(mean, blocks, found, places, name, start):
    """Every element at `places` must be the true mean, rounded once."""
    for i in places:
        value = Fraction(float(widened(found[i:i + 1], mean.dtype)[0]))
        expected = rounded(mean.exactly(blocks, i), mean.dtype)
        if value != expected:
            raise WrongOutput(f"{name}[{start + i}] is {float(value)!r}, "
                              f"the mean is {float(expected)!r}")


def _compare_tensor(mean, tensor, offset, stored, exact):
    """How many of the stored elements are not numpy's answer."""
    if len(stored) != tensor.elements:
        raise WrongOutput(f"{tensor.name} has {len(stored)} elements")
    dtype = mean.dtype
    bits = f"u{stored.itemsize}"
    differing = 0
    for start, count in made.blocks(tensor):
        blocks = mean.blocks_at(offset, start, count)
        wide = mean.of(blocks)
        found = stored[start:start + count]
        places = numpy.flatnonzero(found.view(bits) != narrowed(wide, dtype).view(bits))
        if exact:
            _decide(mean, blocks, found, places, tensor.name, start)
        elif not numpy.all(abs(widened(found, dtype) - wide) <= PEER_TOLERANCE):
            raise WrongOutput(f"{tensor.name} isn't near the mean")
        differing += len(places)
    return differing


def compare(inputs, output, method="uniform", exact=True):
    """The Verdict on the checkpoint `output`, every element of it; WrongOutput where it isn't the
    mean (`exact`) or not near it."""
    mean = _Mean(inputs, weights_of(method, len(inputs.folders)))
    source = opened(output)
    tensors = inputs.contents.tensors()
    if source.names() != {tensor.name for tensor in tensors}:
        raise WrongOutput(f"{output} has other tensors than its inputs")
    differing = sum(_compare_tensor(mean, tensor, offset, source.read(tensor.name, mean.dtype),
                                    exact)
                    for tensor, offset in zip(tensors, inputs.layout.offsets))
    return Verdict(sum(tensor.elements for tensor in tensors), differing, differing if exact else 0)
