#!/usr/bin/python3
"""Averages two models of 6 GiB of external data each, with the usual memory budget, and holds it
against `cat` of both, `cp` of one and `sync`. Prints a Markdown table: seconds and the peak of
resident memory of polyak and its helpers, as the kernel counts it. Needs three times the size of
disk under TMPDIR; what is left of the page cache decides much, so nothing else should run.

    tools/bench/external.py [--gib 6] [POLYAK]        build/release/polyak by default
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
from onnx import TensorProto, helper

from measure import Launcher, apart

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK_ELEMENTS = 1 << 24  # 64 MiB of float32: one tensor
RUNS = 3


def block_of(k):
    """Numbers from 1 to 2: the mean of two is exact in float64."""
    return (1 + numpy.random.default_rng(k).random(BLOCK_ELEMENTS)).astype("<f4")


def model_in(folder):
    return folder / "model.onnx"


def write_model(folder, k, tensors):
    """Every tensor has the same elements."""
    folder.mkdir()
    block = block_of(k).tobytes()
    initializers = []
    with open(folder / "weights.bin", "wb") as data:
        for i in range(tensors):
            tensor = TensorProto(name=f"w{i}", dims=[4096, BLOCK_ELEMENTS // 4096],
                                 data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "weights.bin"), ("offset", i * len(block)),
                               ("length", len(block))):
                tensor.external_data.add(key=key, value=str(value))
            initializers.append(tensor)
            data.write(block)
        os.fsync(data.fileno())
    model = helper.make_model(helper.make_graph([], "external", [], [], initializers))
    model_in(folder).write_bytes(model.SerializeToString())


def check(output, tensors):
    """Every block of the output is the exact mean."""
    expected = ((block_of(0).astype("f8") + block_of(1)) / 2).astype("<f4").tobytes()
    with open(output.parent / "weights.bin", "rb") as data:
        for i in range(tensors):
            if data.read(len(expected)) != expected:
                sys.exit(f"tensor {i} isn't the mean")


def best(commands, out, launcher):
    """The quickest of some runs of all commands, one behind the other, and the highest peak."""
    seconds, peak = [], 0
    for _ in range(RUNS):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        subprocess.run(["sync"], check=True)
        results = [launcher.run(command) for command in commands]
        seconds.append(sum(result.seconds for result in results))
        peak = max(peak, *(result.peak_mib for result in results))
    return min(seconds), peak


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=int, default=6)
    parser.add_argument("polyak", nargs="?", type=pathlib.Path,
                        default=ROOT / "build/release/polyak")
    options = parser.parse_args()
    tensors = (options.gib << 30) // (4 * BLOCK_ELEMENTS)
    with tempfile.TemporaryDirectory() as name, Launcher() as launcher:
        folder = pathlib.Path(name)
        for k in range(2):
            apart(write_model, folder / f"{k}", k, tensors)
        inputs = [model_in(folder / f"{k}") for k in range(2)]
        data = [path.with_name("weights.bin") for path in inputs]
        out = folder / "out"
        copied, _ = best([["cat", *data], ["cp", data[1], out / "copy"],
                          ["sync", out / "copy"]], out, launcher)
        averaged, peak = best([[options.polyak.resolve(), "average", *inputs, "-q", "-o",
                                out / "model.onnx"]], out, launcher)
        apart(check, out / "model.onnx", tensors)
    print("| what | seconds | peak MiB |\n|---|---|---|")
    print(f"| cat of two, cp and sync of one, {options.gib} GiB each | {copied:.1f} | |")
    print(f"| polyak average | {averaged:.1f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
