"""Makes the checkpoints of a case, and keeps them as long as a case needs them.

All checkpoints of a set have the same tensors at the same places. Each has a folder of its own,
because external data has to lie beside its model.
"""
import os
import pathlib
import pickle
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass

import tensors as made
from layouts import LAYOUTS
from measure import apart


@dataclass(frozen=True)
class Contents:
    """What distinguishes one set of checkpoints from another, but for their number."""
    layout: str
    dtype: str
    kind: str  # "transformer" or "tiny"
    size: int  # transformer: bytes of a checkpoint; tiny: tensors

    def tensors(self):
        if self.kind == "tiny":
            return made.tiny(self.size)
        return made.transformer(self.size // made.item_bytes(self.dtype))


@dataclass(frozen=True)
class InputSet:
    """Checkpoints on the disk. `layout` says where in each a tensor's numbers lie."""
    contents: Contents
    layout: object
    folders: tuple

    @property
    def checkpoints(self):
        return [folder / self.layout.checkpoint for folder in self.folders]

    @property
    def data(self):
        return [folder / self.layout.data for folder in self.folders]

    @property
    def files(self):
        """All that has to be read."""
        return sorted({*self.checkpoints, *self.data})

    def first(self, count):
        return InputSet(self.contents, self.layout, self.folders[:count])


def _copy_container(source, target):
    """Holes stay holes."""
    target.mkdir()
    for path in source.iterdir():
        subprocess.run(["cp", "--sparse=always", path, target / path.name], check=True)


def _write_numbers(contents, layout, folders):
    """Into all folders at once, {checkpoint: folder}: what they have in common is made once."""
    numbers = made.Numbers(contents.dtype, folders)
    with ExitStack() as stack:
        files = {k: stack.enter_context(open(folder / layout.data, "r+b", buffering=0))
                 for k, folder in folders.items()}
        for tensor, offset in zip(contents.tensors(), layout.offsets):
            for start, count in made.blocks(tensor):
                place = offset + start * made.item_bytes(contents.dtype)
                for k, block in numbers.next_block(count):
                    os.pwrite(files[k].fileno(), block.data, place)


def _make(contents, folder, wanted):
    """The numbers of the checkpoints `wanted`, {checkpoint: folder}; returns their layout."""
    empty = folder / "empty"
    empty.mkdir(parents=True)
    layout = LAYOUTS[contents.layout](empty, contents.tensors(), contents.dtype)
    for target in wanted.values():
        _copy_container(empty, target)
    shutil.rmtree(empty)
    _write_numbers(contents, layout, wanted)
    os.sync()
    return pickle.dumps(layout)


class Inputs:
    """The sets that lie in a folder. A set grows where a case wants more of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._sets = {}

    def get(self, contents, count):
        """The first `count` checkpoints of a set, made where they aren't there."""
        name = f"{contents.layout}-{contents.dtype}-{contents.kind}-{contents.size}"
        folder = self.folder / name
        there = self._sets.get(contents)
        have = len(there.folders) if there else 0
        if have < count:
            folders = tuple(folder / f"ckpt_{k}" for k in range(count))
            layout = pickle.loads(apart(_make, contents, folder,
                                        dict(list(enumerate(folders))[have:])))
            self._sets[contents] = InputSet(contents, layout, folders)
        return self._sets[contents].first(count)

    def drop_all_but(self, still_wanted):
        for contents in set(self._sets) - set(still_wanted):
            for folder in self._sets.pop(contents).folders:
                shutil.rmtree(folder)
