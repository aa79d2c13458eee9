// How much there is of each kind of tensor.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "core/tensor.h"

namespace polyak::command {

// Sums stay at the largest number where they would pass it: shapes in a file may be anything.
struct Totals {
  std::uint64_t tensors = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;  // as stored

  void Add(const TensorInfo& tensor) noexcept;
};

using TotalsByKind = std::map<std::pair<Role, DType>, Totals>;

Totals TotalsOf(std::span<const TensorInfo> tensors);
TotalsByKind TotalsByKindOf(std::span<const TensorInfo> tensors);

}  // namespace polyak::command
