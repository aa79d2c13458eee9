"""Makes the state dicts that torch's programs are given from HDF5: torch_inputs.py OUT IN"""
import sys

import h5py
import torch

output, path = sys.argv[1:]
state = {}
with h5py.File(path, "r") as file:
    file.visititems(lambda name, item: state.update(
        {name.replace("/", "."): torch.from_numpy(item[...])})
        if isinstance(item, h5py.Dataset) else None)
torch.save(state, output)
