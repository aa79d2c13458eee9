"""h5py as one writes it first: load all, then numpy.mean. h5py_naive.py OUT IN…"""
import sys

import h5py
import numpy


def load(path):
    values = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: values.update({name: item[...]})
                        if isinstance(item, h5py.Dataset) else None)
    return values


output, *paths = sys.argv[1:]
checkpoints = [load(path) for path in paths]
with h5py.File(output, "w") as averaged:
    for name in checkpoints[0]:
        averaged.create_dataset(name, data=numpy.mean([each[name] for each in checkpoints], axis=0))
