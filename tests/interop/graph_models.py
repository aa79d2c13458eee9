"""ONNX models of a few nodes, whose weights a test chooses."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

import onnx_models


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def constant(output, array):
    return helper.make_node("Constant", [], [output], value=tensor("", array))


def graph(nodes, initializers=(), inputs=("x",), outputs=("y",), name="g"):
    """A graph whose inputs and outputs are floats; initializers are given by name."""
    values = [[helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in names]
              for names in (inputs, outputs)]
    return helper.make_graph(nodes, name, *values,
                             initializer=[tensor(*item) for item in dict(initializers).items()])


def model(nodes, initializers=(), **options):
    return helper.make_model(graph(nodes, initializers, **options),
                             opset_imports=[helper.make_opsetid("", 13),
                                            helper.make_opsetid("com.microsoft", 1)])


def save(folder, name, nodes, initializers=(), **options):
    return onnx_models.save(model(nodes, initializers, **options), folder / name)


def arrays(path):
    """The initializers of a model's main graph, read by python3-onnx."""
    return {item.name: numpy_helper.to_array(item)
            for item in onnx_models.load(path).graph.initializer}


def ramp(*shape, start=1.0):
    """Float32 values that are all different."""
    count = int(np.prod(shape, dtype=int))
    return (np.arange(count, dtype=np.float32) / 7 + np.float32(start)).reshape(shape)
