#!/usr/bin/python3
"""Averages HDF5 datasets in compressed chunks, and holds polyak against an h5py script that does
the same: chunk by chunk, in float64, with the same filters. Two cases: one large dataset (shuffle
and gzip 4, chunks of 1 MiB), and one of 100,000 small chunks. Both programs run in turn, round by
round. Prints a Markdown table: the median seconds of each and their ratio, the peak of resident
memory (polyak's with its helper, as the kernel counts it), the size of the output. Every element of
polyak's output is checked. Needs six times the size of disk under TMPDIR; nothing else should run.

    tools/bench/chunked.py [--gib 1] [--chunks 100000] [--rounds 3] [POLYAK]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy

from measure import Launcher, apart

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGE_CHUNK, SMALL_CHUNK = (512, 512), (256,)  # 1 MiB and 1 KiB of float32
FILTERS = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
INPUTS = 2


def block(k, chunk, i):
    """A chunk as weights are: close to a centre, so that shuffled exponents compress."""
    source = numpy.random.default_rng([i % 64, 7])
    centre = source.standard_normal(chunk).astype("f4")
    return centre + numpy.float32(0.01 * k) * numpy.float32(1 + i % 5)


def places(shape, chunk):
    for start in numpy.ndindex(*(n // c for n, c in zip(shape, chunk))):
        yield tuple(slice(s * c, (s + 1) * c) for s, c in zip(start, chunk))


def write_input(path, k, shape, chunk):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("w", shape, "<f4", chunks=chunk, **FILTERS)
        for i, place in enumerate(places(shape, chunk)):
            dataset[place] = block(k, chunk, i)


def average_by_h5py(inputs, output):
    """What one would write by hand."""
    files = [h5py.File(path, "r") for path in inputs]
    with h5py.File(output, "w") as out:
        template = files[-1]["w"]
        made = out.create_dataset("w", template.shape, template.dtype, chunks=template.chunks,
                                  **FILTERS)
        for place in template.iter_chunks():
            total = numpy.zeros(template[place].shape, "f8")
            for file in files:
                total += file["w"][place]
            made[place] = (total / len(files)).astype(template.dtype)
        out.flush()
        os.fsync(out.id.get_vfd_handle())


def check(output, shape, chunk):
    """Every chunk is the mean: of two float32 it is exact in float64."""
    with h5py.File(output, "r") as file:
        for i, place in enumerate(places(shape, chunk)):
            total = sum(block(k, chunk, i).astype("f8") for k in range(INPUTS))
            if file["w"][place].tobytes() != (total / INPUTS).astype("<f4").tobytes():
                sys.exit(f"chunk {i} isn't the mean")


def run_case(name, shape, chunk, options, launcher):
    """One row of the table."""
    polyak = options.polyak.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inputs = [folder / f"{k}.h5" for k in range(INPUTS)]
        for k, path in enumerate(inputs):
            apart(write_input, path, k, shape, chunk)
        outputs = {"polyak": folder / "polyak.h5", "h5py": folder / "h5py.h5"}
        commands = {
            "polyak": [polyak, "average", *inputs, "-q", "-f", "-o", outputs["polyak"]],
            "h5py": [sys.executable, __file__, "--by-h5py", *inputs, outputs["h5py"]]}
        results = {program: [] for program in commands}
        for _ in range(options.rounds):
            for program, command in commands.items():
                outputs[program].unlink(missing_ok=True)
                subprocess.run(["sync"], check=True)
                results[program].append(launcher.run(command))
        apart(check, outputs["polyak"], shape, chunk)
        ratio = statistics.median(slow.seconds / quick.seconds for quick, slow
                                  in zip(results["polyak"], results["h5py"]))
        sizes = {program: path.stat().st_size for program, path in outputs.items()}
    seconds = {program: statistics.median(run.seconds for run in runs)
               for program, runs in results.items()}
    peaks = {program: max(run.peak_mib for run in runs) for program, runs in results.items()}
    print(f"| {name} | {seconds['polyak']:.2f} | {seconds['h5py']:.2f} | {ratio:.1f} "
          f"| {peaks['polyak']:.0f} | {peaks['h5py']:.0f} | {sizes['polyak'] / 2**20:.1f} "
          f"| {sizes['h5py'] / 2**20:.1f} |", flush=True)


def main():
    if sys.argv[1:2] == ["--by-h5py"]:
        average_by_h5py(sys.argv[2:-1], sys.argv[-1])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=1, help="of the large dataset, decoded")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("polyak", nargs="?", type=pathlib.Path,
                        default=ROOT / "build/release/polyak")
    options = parser.parse_args()
    print("| what | polyak s | h5py s | h5py/polyak | polyak MiB | h5py MiB | output MiB "
          "| by h5py |\n|---|---|---|---|---|---|---|---|")
    chunks = round(options.gib * 1024)
    with Launcher() as launcher:
        run_case(f"{options.gib:g} GiB in {chunks} chunks of 1 MiB",
                 (chunks * LARGE_CHUNK[0], LARGE_CHUNK[1]), LARGE_CHUNK, options, launcher)
        counts = [options.chunks, options.chunks // 10]
        for count in counts if options.chunks >= 20_000 else counts[:1]:
            run_case(f"{count} chunks of 1 KiB", (count * SMALL_CHUNK[0],), SMALL_CHUNK, options,
                     launcher)


if __name__ == "__main__":
    main()
