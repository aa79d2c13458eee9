// What a checkpoint has besides its tensors, as its format found it. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/graph_shape.h"

namespace polyak {

// A fact about a checkpoint as a whole, for people and for JSON: "ir_version", "8".
struct Property {
  std::string name;
  std::string value;  // from the file: any bytes
};

struct CheckpointNotes {
  std::string provenance;             // Checkpoint::provenance()
  std::vector<Property> properties;   // in the order in which they are shown
  std::vector<std::string> warnings;  // one line each, without the file's name
  std::shared_ptr<const GraphShape> graph;
  // The tensors in the order in which what wrote the file would load them, each once; those that
  // are loaded by their names are not in it. Empty: there is no such order.
  std::vector<std::uint32_t> loading_order;
};

}  // namespace polyak
