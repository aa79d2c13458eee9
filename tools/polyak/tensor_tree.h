// Tensors as a tree, by the parts of their names.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor.h"
#include "tensor_order.h"
#include "tensor_totals.h"

namespace polyak::command {

// One line of the tree: a tensor, or a group of several whose names begin alike.
struct TreeLine {
  std::string label;  // with the branches that lead to it; not made printable
  std::string_view name_part;
  const std::uint32_t* tensor = nullptr;  // null: a group
  Totals totals;
};

// Visits the lines from top to bottom. Groups come in the order of their first tensor. A part of
// a name keeps the separators that follow it, so that the parts of a line's branch put together
// are the name. Groups of one, and levels beyond a depth that people can read, aren't made.
// `order` is reordered. The memory that it takes is a small part of the index's.
void WalkTree(std::span<const TensorInfo> tensors, TensorOrder& order, std::string_view separators,
              const std::function<void(const TreeLine& line)>& visit);

}  // namespace polyak::command
