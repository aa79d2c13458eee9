// What a node of a model is, for people: the model is walked again to find it.
#pragma once

#include <cstddef>
#include <string>

#include "io/input_file.h"

namespace polyak::onnx_format {

// "node 12 (Conv, makes 'y')": its number in its graph, and its first output.
// `node` counts as GraphShape::node_hashes does. "node N" where the model hasn't so many. Throws
// Error (kCorrupt, kSystem).
std::string DescribeNode(const InputFile& file, std::size_t node);

}  // namespace polyak::onnx_format
