"""Files as Keras writes them, made with h5py and zipfile, and what h5py says is in them."""
import io
import json
import pathlib
import sys
import zipfile

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "interop"))
WEIGHTS = "model.weights.h5"


def weights(datasets, attributes=()):
    """The bytes of an HDF5 file: {path: array}, [(group, name, values)]."""
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        for path, values in datasets.items():
            h5[path] = values
        for group, name, values in attributes:
            h5.require_group(group).attrs[name] = values
    return file.getvalue()


def layer(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def model(seed, integer=0):
    """Two dense layers, one of them normalized, a dropout, and an optimizer."""
    return {"layers/dense/vars/0": layer(seed, 8, 4),
            "layers/dense/vars/1": layer(seed + 1, 4),
            "layers/batch_normalization/vars/0": layer(seed + 2, 4),
            "layers/batch_normalization/vars/1": layer(seed + 3, 4),
            "layers/batch_normalization/vars/2": layer(seed + 4, 4),
            "layers/batch_normalization/vars/3": layer(seed + 5, 4) ** 2,
            "layers/dropout/seed_generator/vars/0": np.array([7 + integer, integer], "u4"),
            "optimizer/vars/0": np.int64(100 + integer),
            "optimizer/vars/1": np.float32(0.001),
            "optimizer/vars/2": layer(seed + 6, 8, 4)}


def config(dtype="float32"):
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": [
        {"class_name": "Dense", "config": {"name": "dense", "dtype": dtype}}]}})


def archive(path, image, method=zipfile.ZIP_STORED, more=(), comment=b"", weights_last=True):
    """A .keras file around these weights; `more` are further members in front or behind."""
    members = [("metadata.json", json.dumps({"keras_version": "3.9.0"})),
               ("config.json", config())]
    members += list(more) + [(WEIGHTS, image)] if weights_last else [(WEIGHTS, image)] + list(more)
    with zipfile.ZipFile(path, "w", method) as file:
        file.comment = comment
        for name, content in members:
            file.writestr(name, content)
    return path


def datasets(path_or_bytes):
    """{path: array} of an HDF5 file."""
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    found = {}
    with h5py.File(source, "r") as file:
        file.visititems(lambda name, item: found.__setitem__(name, item[()])
                        if isinstance(item, h5py.Dataset) else None)
    return found


def weights_in(path):
    with zipfile.ZipFile(path) as file:
        return datasets(file.read(WEIGHTS))


def mean(*arrays):
    """The mean rounded once: sums of a few float32 are exact in extended precision."""
    return (sum(a.astype(np.longdouble) for a in arrays) / len(arrays)).astype(arrays[0].dtype)


def is_averaged(name):
    return not name.startswith(("optimizer", "optimizer_weights")) and "seed_generator" not in name
