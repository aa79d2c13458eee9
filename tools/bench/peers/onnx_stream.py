"""python3-onnx, a model at a time, summed in float64: onnx_stream.py OUT IN…"""
import sys

import numpy
import onnx
from onnx import numpy_helper

output, *paths = sys.argv[1:]
totals = {}
for path in paths:
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name in totals:
            totals[tensor.name] += value
        else:
            totals[tensor.name] = value.astype(numpy.float64)
for tensor in model.graph.initializer:
    mean = totals.pop(tensor.name) / len(paths)
    dtype = numpy_helper.to_array(tensor).dtype
    tensor.CopyFrom(numpy_helper.from_array(mean.astype(dtype), tensor.name))
onnx.save(model, output)
