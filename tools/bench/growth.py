"""How polyak's time and memory grow with bytes, with checkpoints, and with tensors."""


def run(options, settings, machine, launcher):
    raise NotImplementedError
