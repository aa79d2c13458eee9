// What is known of the computation in which a checkpoint's tensors are used, where its format has
// one (ONNX): enough to tell whether two checkpoints are of the same model though their tensors
// have other names. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace polyak {

// A name that stands for a tensor of another name: the exporter merged two equal tensors, and left
// an Identity node that makes the one out of the other.
struct TensorAlias {
  std::string name;
  std::uint32_t tensor = 0;  // number in the checkpoint

  bool operator==(const TensorAlias&) const = default;
};

struct GraphShape {
  // One hash per node, in the order of the file, subgraphs and functions included. It covers the
  // operator, its attributes and which values it takes, by the order in which values come up;
  // names, doc strings and weights are left out. 0: the node makes an alias, and counts for
  // nothing. Equal lists, zeros aside: the graphs have the same shape.
  std::vector<std::uint64_t> node_hashes;
  // The tensors in the order in which nodes first use them, each once, and once more for each alias
  // that nodes use: where two graphs have the same shape, the n-th of the one is the n-th of the
  // other.
  std::vector<std::uint32_t> tensors_by_use;
  std::vector<TensorAlias> aliases;

  bool operator==(const GraphShape&) const = default;
};

}  // namespace polyak
