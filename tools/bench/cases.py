"""What is measured: one row a case, with the goals that hold for it.

A goal is about the median of paired ratios of seconds, or about polyak's peak of resident memory.
"""
import dataclasses
from dataclasses import dataclass

from inputs import Contents
from jobs import PROGRAMS

MIB = 1 << 20
MEMORY_GOAL_MIB = 64


@dataclass(frozen=True)
class Pair:
    """Seconds of one program over those of another, round by round. A goal of 0 is none."""
    above: str
    below: str
    at_most: float = 0
    at_least: float = 0

    @property
    def goal(self):
        if self.at_most:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least else ""

    def is_met(self, ratio):
        """None where there is no goal."""
        if self.at_most:
            return ratio <= self.at_most
        return ratio >= self.at_least if self.at_least else None


@dataclass(frozen=True)
class Case:
    """`name` is for --only, `title` for people. All the programs of the pairs run. Goals were not
    set for a case made `smaller`."""
    name: str
    title: str
    contents: Contents
    checkpoints: int
    pairs: tuple = ()
    is_smaller: bool = False

    @property
    def programs(self):
        names = {name: None for pair in self.pairs for name in (pair.below, pair.above)}
        return [PROGRAMS[name] for name in names]


def _against_reference(at_most, program="polyak"):
    return (Pair(program, "reference", at_most=at_most),)


def _against_peers(**at_least):
    """The peers run with polyak and the reference, whose ratio has its goal elsewhere."""
    return (Pair("polyak", "reference"),
            *(Pair(name.replace("_", " "), "polyak", at_least=bound)
              for name, bound in at_least.items()))


def _transformer(layout, dtype, mib, checkpoints, pairs, what=""):
    shown = {"inline": "ONNX", "external": "ONNX, external data", "hdf5": "HDF5"}[layout]
    name = f"{layout}-{dtype}-{checkpoints}x{mib}M{'-' + what if what else ''}"
    title = f"{shown}, {dtype}, {checkpoints} × {mib} MiB"
    return Case(name, title, Contents(layout, dtype, "transformer", mib * MIB), checkpoints, pairs)


def _tiny(layout, at_most, peers):
    shown = {"inline": "ONNX", "hdf5": "HDF5"}[layout]
    pairs = (Pair("polyak", "reference", at_most=at_most), *peers)
    return Case(f"{layout}-tiny", f"{shown}, 5 × 10,000 tensors of 1 KiB",
                Contents(layout, "float32", "tiny", 10_000), 5, pairs)


# Those of one set of inputs stand together: the set is made once and then removed.
CASES = (
    _transformer("inline", "float32", 4, 5, _against_reference(0.8), "start-up"),
    _transformer("hdf5", "float32", 4, 5, _against_reference(1.5), "start-up"),
    _tiny("inline", 1.5, _against_peers(onnx_float64=0)[1:]),
    _tiny("hdf5", 0, _against_peers(h5py_float32=10, h5py_float64=10)[1:]),
    _transformer("inline", "float32", 512, 2, _against_reference(0.52)),
    _transformer("inline", "float32", 512, 5, _against_reference(0.48)),
    _transformer("inline", "float32", 512, 5, _against_reference(0.75, "polyak -j 1"),
                 "one-thread"),
    _transformer("inline", "float32", 512, 5,
                 (Pair("polyak ema", "polyak", at_most=1.05), Pair("polyak ema", "reference")),
                 "ema"),
    _transformer("inline", "float32", 512, 5,
                 _against_peers(onnx_float64=18, onnx_naive=0), "peers"),
    _transformer("inline", "float32", 512, 10, _against_reference(0.52)),
    _transformer("external", "float32", 512, 2, _against_reference(0.52)),
    _transformer("external", "float32", 512, 5, _against_reference(0.48)),
    _transformer("external", "float32", 512, 10, _against_reference(0.52)),
    _transformer("hdf5", "float32", 512, 2, _against_reference(0.52)),
    _transformer("hdf5", "float32", 512, 5, _against_reference(0.48)),
    _transformer("hdf5", "float32", 512, 5, _against_peers(
        h5py_float32=4, h5py_float64=7, h5py_naive=13, torch_SWA=14, torch_naive=0), "peers"),
    _transformer("hdf5", "float32", 512, 10, _against_reference(0.52)),
    _transformer("inline", "float16", 256, 5, _against_reference(0.62)),
    _transformer("hdf5", "float16", 256, 5, _against_reference(0.62)),
    _transformer("inline", "bfloat16", 256, 5, _against_reference(0.62)),
    _transformer("inline", "float64", 512, 5, _against_reference(0.55)),
    _transformer("hdf5", "float64", 512, 5, _against_reference(0.55)),
    _transformer("inline", "float32", 64, 50, _against_reference(0.60)),
    _transformer("hdf5", "float32", 64, 50, _against_reference(0.60)),
)

COLD_CASES = tuple(
    _transformer(layout, "float32", 512, checkpoints, (Pair("polyak", "reference"),))
    for layout in ("inline", "hdf5") for checkpoints in (2, 5))


def smaller(case, divisor):
    """The same with smaller checkpoints; one that is small already stays."""
    old = case.contents
    if old.kind == "tiny":
        size, shown = old.size // divisor, lambda tensors: f"{tensors:,} tensors"
    else:
        size, shown = max(old.size // divisor, 4 * MIB), lambda size: f"{size // MIB} MiB"
    if size >= old.size:
        return case
    return dataclasses.replace(case, title=case.title.replace(shown(old.size), shown(size)),
                               contents=dataclasses.replace(old, size=size), is_smaller=True)
