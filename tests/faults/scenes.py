"""Runs to be disturbed: inputs of every format, and an output that isn't there yet or replaces one.

What is judged is the whole folder of the output, each file and each folder in it.
"""
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import h5py  # noqa: E402
import numpy  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto  # noqa: E402

import external_models  # noqa: E402
import keras_files  # noqa: E402
import onnx_models  # noqa: E402
from float_rounding import FLOAT32  # noqa: E402
from polyak_runner import POLYAK  # noqa: E402

HANG_SECONDS = 30
_ELEMENT_BYTES = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2, TensorProto.BFLOAT16: 2,
                  TensorProto.DOUBLE: 8, TensorProto.INT64: 8}


def onnx_inputs(folder):
    """One tensor is larger than a grain, so that there are several jobs."""
    paths = []
    for k in range(2):
        tensors = [onnx_models.raw_tensor(f"w{i}", FLOAT32, [k + i] * (3 + 7 * i))
                   for i in range(3)]
        tensors.append(onnx_models.raw_tensor("large", FLOAT32, [k] * 140_000))
        paths.append(onnx_models.save(onnx_models.model_of(tensors), folder / f"{k}.onnx"))
    return paths


def external_inputs(folder):
    """Each in a folder of its own, with data in three files, two of them in folders."""
    for k in range(2):
        (folder / f"{k}").mkdir()
    return [external_models.write(folder / f"{k}", k) for k in range(2)]


def many_files_inputs(folder, count=70):
    """So many data files that they don't all stay open."""
    parts = [external_models.Part(f"t{i}", FLOAT32, 5, f"parts/{i:03}", 0) for i in range(count)]
    for k in range(2):
        (folder / f"{k}").mkdir()
    return [external_models.write(folder / f"{k}", k, parts) for k in range(2)]


def hdf5_inputs(folder):
    """Every way in which a payload reaches its place; structure that changes, too."""
    paths = []
    for k in range(2):
        path = folder / f"{k}.h5"
        with h5py.File(path, "w") as file:
            file["contiguous"] = numpy.full(1000, k, "f4")
            file.create_dataset("plain", data=numpy.full((20, 20), k, "f4"), chunks=(8, 8))
            noise = numpy.random.default_rng(k).random((30, 30), "f4")
            file.create_dataset("packed", data=noise, chunks=(8, 8), compression="gzip")
            unwritten = file.create_dataset("unwritten", (50,), "f4")
            if k == 0:
                unwritten[:] = 1
        paths.append(path)
    return paths


def _hdf5_of_one_layout(**layout):
    def inputs(folder):
        paths = []
        for k in range(2):
            path = folder / f"{k}.h5"
            with h5py.File(path, "w") as file:
                for name, rows in (("a", 40), ("b", 30), ("c", 20)):
                    noise = numpy.random.default_rng(k).random((rows, 30), "f4")
                    file.create_dataset(name, data=noise, **layout)
            paths.append(path)
        return paths
    return inputs


def _dense(k, name):
    return [keras_files.values(k, f"{name}/0", (40, 30)), keras_files.values(k, f"{name}/1", (30,))]


def keras_inputs(folder):
    """Archives; the weights' structure changes with the record."""
    paths = []
    for k in range(2):
        weights = keras_files.write_weights(
            folder / "weights", {"layers/dense": _dense(k, "dense")}, chunks=(8, 8),
            compression="gzip")
        config = keras_files.model_config(keras_files.layer_config("Dense", "dense"))
        paths.append(keras_files.pack(folder / f"{k}.keras", weights, config))
        weights.unlink()
    return paths


def shards_inputs(folder):
    weight_map = {f"/layers/{name}/vars": [f"model_{i:05}.weights.h5"]
                  for i, name in enumerate(("dense", "dense_1"))}
    return [keras_files.write_shards(folder / f"{k}", "model",
                                     [{"layers/dense": _dense(k, "dense")},
                                      {"layers/dense_1": _dense(k, "dense_1")}], weight_map)
            for k in range(2)]


# name: (inputs, the output's name, further options)
FORMATS = {
    "onnx": (onnx_inputs, "out.onnx", ()),
    "mirrored": (external_inputs, "out.onnx", ()),
    "single": (external_inputs, "out.onnx", ("--single-data",)),
    "many": (many_files_inputs, "out.onnx", ()),
    "hdf5": (hdf5_inputs, "out.h5", ()),
    "keras": (keras_inputs, "out.keras", ()),
    "shards": (shards_inputs, "out.weights.json", ()),
}

# Not in the sweeps.
ONE_LAYOUT = {
    "contiguous": (_hdf5_of_one_layout(), "out.h5", ()),
    "gzip": (_hdf5_of_one_layout(chunks=(8, 8), compression="gzip"), "out.h5", ()),
}


def is_temporary(name):
    return ".polyak-" in name.rpartition("/")[2]


def snapshot(folder):
    """{relative name: bytes, or None of a folder}"""
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
            for path in folder.rglob("*")}


def differing(found, expected):
    """The names of what is not the same: bytes by the megabyte are no message."""
    return sorted(name for name in {*found, *expected}
                  if name not in found or name not in expected or found[name] != expected[name])


def restore(folder, wanted):
    if snapshot(folder) == wanted:
        return
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in sorted(wanted.items()):
        if content is None:
            (folder / name).mkdir(parents=True)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def meaning(files, main):
    """What a reader finds behind the main file, whatever its data files are called."""
    if main.endswith(".onnx"):
        tensors = []
        for tensor in onnx.load_model_from_string(files[main]).graph.initializer:
            entry = {each.key: each.value for each in tensor.external_data}
            data = tensor.raw_data
            if entry:
                length = math.prod(tensor.dims) * _ELEMENT_BYTES[tensor.data_type]
                offset = int(entry.get("offset", 0))
                data = files[entry["location"]][offset:offset + length]
            tensors.append((tensor.name, data))
        return tensors
    if main.endswith(".weights.json"):
        return [(layer, [files[name] for name in names]) for layer, names in
                json.loads(files[main])["weight_map"].items()]
    return files[main]


class Scene:
    """`exists`: where the output and all its data would go, there are files already. With `out` the
    output goes to that folder, which may be on another file system."""

    def __init__(self, kind, exists=False, out=None, options=("-f", "-j", "2")):
        make, name, more = {**FORMATS, **ONE_LAYOUT}[kind]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-faults-"))
        try:
            self.out = out or self.folder / "out"
            self.main = name
            self.output = self.out / name
            for folder in (self.folder / "in", self.folder / "out"):
                folder.mkdir()
            self.inputs = make(self.folder / "in")
            self.input_bytes = snapshot(self.folder / "in")
            self.command = [os.fspath(POLYAK), "average", *map(os.fspath, self.inputs), *options,
                            *more, "-o", os.fspath(self.output)]
            self.old, self.good = {}, self._result({})
            if exists:
                self.old = {file: content and b"what was there: " + file.encode()
                            for file, content in self.good.items()}
                self.good = self._result(self.old)
            if out is None:
                self.reset()
        except BaseException:
            self.remove()
            raise

    def _result(self, old):
        """What a run without faults makes of `old`; not on `out`, which may be too small."""
        place = self.folder / "out"
        restore(place, old)
        command = [*self.command[:-1], os.fspath(place / self.main)]
        done = subprocess.run(command, capture_output=True, timeout=HANG_SECONDS)
        assert done.returncode == 0, done.stderr
        return snapshot(place)

    def remove(self):
        shutil.rmtree(self.folder)

    def reset(self):
        restore(self.out, self.old)

    def temporaries(self):
        return [str(path.relative_to(self.out)) for path in self.out.rglob("*")
                if is_temporary(path.name)]

    def run(self, command=None, **options):
        """(status, stderr); a hang gives status None."""
        process = subprocess.Popen(command or self.command, stdin=subprocess.DEVNULL,
                                   stdout=options.pop("stdout", subprocess.DEVNULL),
                                   stderr=subprocess.PIPE, start_new_session=True, **options)
        try:
            _, stderr = process.communicate(timeout=HANG_SECONDS)
            return process.returncode, stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""

    def wrong_after(self, status, stderr, may_leave_temporaries=False, may_leave_folders=False):
        """What polyak promises whatever happens, as a list of what isn't so. Of no killed run."""
        wrong = []
        now = snapshot(self.out)
        left = [name for name in now if is_temporary(name)]
        rest = {name: content for name, content in now.items() if name not in left}
        if may_leave_folders and status not in (0, 3):
            rest = {name: content for name, content in rest.items()
                    if content is not None or name in self.old}
        if status is None:
            return ["hangs"]
        if status < 0:
            wrong.append(f"dies of signal {-status}")
        elif status in (0, 3) and rest != self.good:
            wrong.append(f"status {status}, but the output is not the result: {sorted(rest)}")
        elif status not in (0, 3) and rest != self.old and "in place" not in stderr \
                and "standard output" not in stderr:
            wrong.append(f"status {status}, but the output is not what was there: {stderr}")
        elif status not in (0, 3) and rest not in (self.old, self.good):
            wrong.append(f"status {status}, and neither what was there nor the result")
        if left and not may_leave_temporaries:
            wrong.append(f"leaves {left}")
        if snapshot(self.folder / "in") != self.input_bytes:
            wrong.append("an input has changed")
        return wrong

    def wrong_after_kill(self):
        """The same of a run that was killed; then the next one is looked at, too."""
        wrong = []
        now = snapshot(self.out)
        rest = {name: content for name, content in now.items() if not is_temporary(name)}
        torn = [name for name, content in rest.items()
                if content not in ([self.old[name]] if name in self.old and name != self.main
                                   else [self.old.get(name), self.good.get(name)])]
        if torn or any(rest.get(name) != content for name, content in self.old.items()
                       if name != self.main):
            wrong.append(f"torn: {torn or sorted(rest)}")
        has_new_main = rest.get(self.main) == self.good[self.main]
        if has_new_main and any(rest.get(name) != self.good[name] for name in self.good):
            wrong.append("the main file is there without its data")
        if snapshot(self.folder / "in") != self.input_bytes:
            wrong.append("an input has changed")
        return wrong + self.wrong_after_next_run(is_clean=now in (self.old, self.good))

    def wrong_after_next_run(self, is_clean):
        if is_clean:
            return []
        before = snapshot(self.out)
        status, stderr = self.run()
        after = snapshot(self.out)
        if status != 0:
            return [f"the next run fails: {stderr}"]
        if left := [name for name in after if is_temporary(name)]:
            return [f"the next run leaves {left} of {sorted(before)}"]
        if meaning(after, self.main) != meaning(self.good, self.main):
            return ["the next run makes something else"]
        return []
