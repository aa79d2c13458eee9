"""torch's own averaging of models, fed from files: torch_swa.py OUT IN…"""
import sys

import torch
from torch.optim.swa_utils import AveragedModel


class Model(torch.nn.Module):
    """Nothing but the parameters of a state dict; a name in a module can't have dots."""

    def __init__(self, state):
        super().__init__()
        for name, value in state.items():
            self.register_parameter(name.replace(".", "/"), torch.nn.Parameter(value))


output, *paths = sys.argv[1:]
model = Model(torch.load(paths[0]))
averaged = AveragedModel(model)
averaged.update_parameters(model)
with torch.no_grad():
    for path in paths[1:]:
        state = torch.load(path)
        for name, parameter in model.named_parameters():
            parameter.copy_(state[name.replace("/", ".")])
        averaged.update_parameters(model)
torch.save({name.replace("/", "."): value.detach()
            for name, value in averaged.module.named_parameters()}, output)
