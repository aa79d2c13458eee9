// Where the graphs of two checkpoints part.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/checkpoint.h"

namespace polyak {

// The first nodes that differ; nothing for the one that has no more.
struct GraphDifference {
  std::optional<std::size_t> node;        // of the first graph
  std::optional<std::size_t> other_node;  // of the second one
};

// Nothing where they have the same shape. Nodes that make aliases count for nothing.
std::optional<GraphDifference> FirstDifference(const GraphShape& graph, const GraphShape& other);

// "node 12 (Conv, makes 'y') is node 12 (Relu, makes 'z') in b.onnx". Reads the files again: throws
// Error (kSystem, kCorrupt).
std::string DifferenceText(const GraphDifference& difference, const Checkpoint& checkpoint,
                           const Checkpoint& other);

}  // namespace polyak
