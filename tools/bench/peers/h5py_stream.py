"""h5py, a dataset at a time, summed in the dtype given: h5py_stream.py float32|float64 OUT IN…"""
import sys

import h5py
import numpy

dtype, output, *paths = sys.argv[1:]
inputs = [h5py.File(path, "r") for path in paths]
with h5py.File(output, "w") as averaged:
    def average(name, item):
        if isinstance(item, h5py.Dataset):
            total = numpy.zeros(item.shape, dtype)
            for file in inputs:
                total += file[name][...]
            total /= len(inputs)
            averaged.create_dataset(name, data=total.astype(item.dtype, copy=False))
    inputs[0].visititems(average)
