"""Checkpoints made of numpy arrays, as ONNX and HDF5, and float32 arrays cut to bfloat16."""
import h5py
import numpy as np
import onnx
from onnx import TensorProto

import onnx_models

BFLOAT16 = "bfloat16"  # numpy has none: held as float32 values that are exact in it

_TYPE_OF = {"float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT,
            "float64": TensorProto.DOUBLE, "int8": TensorProto.INT8, "int16": TensorProto.INT16,
            "int32": TensorProto.INT32, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8,
            "uint16": TensorProto.UINT16, "uint32": TensorProto.UINT32,
            "uint64": TensorProto.UINT64, "bool": TensorProto.BOOL}


def cut_to_bfloat16(array):
    """The float32 values with only the upper 16 bits of each."""
    bits = np.asarray(array, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32)


def raw_tensor(name, array, dtype=None):
    """An ONNX tensor in raw_data; of dtype BFLOAT16 the upper halves of float32."""
    tensor = onnx.TensorProto()
    tensor.name = name
    tensor.dims.extend(array.shape)
    if dtype == BFLOAT16:
        tensor.data_type = TensorProto.BFLOAT16
        tensor.raw_data = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
    else:
        tensor.data_type = _TYPE_OF[array.dtype.name]
        tensor.raw_data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return tensor


def save_onnx(path, arrays, dtypes=None):
    """arrays: {name: array}; dtypes: {name: BFLOAT16} for those that are."""
    dtypes = dtypes or {}
    tensors = [raw_tensor(name, array, dtypes.get(name)) for name, array in arrays.items()]
    return onnx_models.save(onnx_models.model_of(tensors), path)


def save_hdf5(path, arrays):
    """As contiguous datasets; the dtypes keep their byte order."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    return path
