"""python3-onnx as one writes it first: load all, then numpy.mean. onnx_naive.py OUT IN…"""
import sys

import numpy
import onnx
from onnx import numpy_helper

output, *paths = sys.argv[1:]
models = [onnx.load(path) for path in paths]
values = [{tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
          for model in models]
averaged = models[-1]
for tensor in averaged.graph.initializer:
    mean = numpy.mean([each[tensor.name] for each in values], axis=0)
    tensor.CopyFrom(numpy_helper.from_array(mean, tensor.name))
onnx.save(averaged, output)
