// SparseTensorProto: the values of a tensor that is zero elsewhere, and where they are.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, message SparseTensorProto
//
// values (1) and indices (2) are tensors, dims (3) the shape of the whole. The values are averaged
// as any tensor's; the indices must be equal in all checkpoints, else they would be other elements.
#pragma once

#include "formats/onnx/tensor_proto.h"
#include "formats/onnx/wire.h"

namespace polyak::onnx_format {

struct IndexedSparseTensor {
  IndexedTensor values;
  IndexedTensor indices;
  IndexedTensor dims;  // the shape that the values are spread over, as a tensor of integers
};

// A message without one of them, or with one of them twice, gives one that is unreadable. Throws
// Error as IndexTensor.
IndexedSparseTensor IndexSparseTensor(FieldReader message);

}  // namespace polyak::onnx_format
