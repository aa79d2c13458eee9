#include "tensor_totals.h"

#include <limits>

#include "core/checked.h"

namespace polyak::command {
namespace {

std::uint64_t SumOrMost(std::uint64_t a, std::uint64_t b) noexcept {
  return CheckedAdd(a, b).value_or(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

void Totals::Add(const TensorInfo& tensor) noexcept {
  ++tensors;
  elements = SumOrMost(elements, tensor.elements);
  bytes = SumOrMost(bytes, tensor.stored_bytes);
}

Totals TotalsOf(std::span<const TensorInfo> tensors) {
  Totals totals;
  for (const TensorInfo& tensor : tensors) totals.Add(tensor);
  return totals;
}

TotalsByKind TotalsByKindOf(std::span<const TensorInfo> tensors) {
  TotalsByKind totals;
  for (const TensorInfo& tensor : tensors) totals[{tensor.role, tensor.dtype}].Add(tensor);
  return totals;
}

}  // namespace polyak::command
