// What the tensors of a model are for, by the operators that take them.
#pragma once

#include <vector>

#include "core/tensor.h"
#include "formats/onnx/graph_record.h"

namespace polyak::onnx_format {

// Gives role and use to each tensor that a value of the record stands for, but optimizer state.
// What is learned in one place and a setting in another is learned; a float that nothing known
// takes is a parameter. The record is resolved; takes linear time, and memory that it charges
// (where there is none, it does nothing).
void AssignRoles(GraphRecord& record, std::vector<TensorInfo>& tensors);

}  // namespace polyak::onnx_format
