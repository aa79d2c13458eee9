#!/usr/bin/python3
"""Times what grows with the number of checkpoints and of tensors: choosing inputs, opening,
planning, listing. Makes 5,000 copies of a bundled checkpoint and ten models of the same 100,000
tensors in a temporary folder, and prints a Markdown table: seconds and peak memory of the whole
process, the median of five runs.

    tools/bench/many.py [POLYAK]        build/release/polyak by default
"""
import multiprocessing
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINTS, MODELS, TENSORS, RUNS = 5000, 10, 100_000, 5


def make_inputs(folder):
    """In a process of its own: what is measured begins with the memory of this one."""
    import onnx
    from onnx import helper
    for suffix in ("onnx", "h5"):
        (folder / suffix).mkdir()
        for step in range(CHECKPOINTS):
            shutil.copy(ROOT / f"tests/data/digits/ep12.{suffix}",
                        folder / suffix / f"step_{step}.{suffix}")
    for k in range(MODELS):
        tensors = [helper.make_tensor(f"layer.{i // 10}.block.{i % 10}.weight", 1, [4],
                                      [float(i + k)] * 4) for i in range(TENSORS)]
        onnx.save(helper.make_model(helper.make_graph([], "many", [], [], tensors)),
                  folder / f"{k}.onnx")


def measure(polyak, arguments, folder):
    """Median seconds, and the peak of resident memory in MiB, without the helper."""
    seconds, peak = [], 0
    for _ in range(RUNS):
        start = time.monotonic()
        with open("/dev/null", "w") as nothing:
            process = subprocess.Popen([polyak, *arguments], cwd=folder, stdout=nothing)
            _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.monotonic() - start)
        peak = max(peak, usage.ru_maxrss / 1024)
        if status not in (0, 256):
            sys.exit(f"{arguments}: status {status}")
    return statistics.median(seconds), peak


def main():
    polyak = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/polyak")
    plan = ["--dry-run", "-o", "out"]
    models = [f"{k}.onnx" for k in range(MODELS)]
    cases = {
        f"plan {CHECKPOINTS} ONNX checkpoints of a folder": ["average", "onnx", *plan],
        f"plan the newest 10 of {CHECKPOINTS}": ["average", "onnx", "--last", "10", *plan],
        f"plan {CHECKPOINTS} HDF5 checkpoints of a folder": ["average", "h5", *plan],
        f"plan two models of {TENSORS} tensors": ["average", "0.onnx", "1.onnx", *plan],
        f"plan {MODELS} models of {TENSORS} tensors": ["average", *models, *plan],
        f"average {MODELS} models of {TENSORS} tensors": ["average", *models, "-f", "-o", "out"],
        f"inspect a model of {TENSORS} tensors": ["inspect", "0.onnx"],
        f"diff two models of {TENSORS} tensors": ["diff", "0.onnx", "1.onnx"],
    }
    print("| what | seconds | peak MiB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        maker = multiprocessing.Process(target=make_inputs, args=(pathlib.Path(folder),))
        maker.start()
        maker.join()
        for name, arguments in cases.items():
            seconds, peak = measure(polyak.resolve(), arguments, folder)
            print(f"| {name} | {seconds:.2f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
