"""torch as one writes it first: load all state dicts, add, divide. torch_naive.py OUT IN…"""
import sys

import torch

output, *paths = sys.argv[1:]
states = [torch.load(path, map_location="cpu") for path in paths]
torch.save({name: sum(state[name] for state in states) / len(states) for name in states[0]}, output)
