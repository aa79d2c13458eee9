#include "tensor_order.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace polyak::command {
namespace {

struct SortKey {
  std::string_view name;
  // True where `a` comes before `b`; null: the order of the file.
  bool (*is_before)(const TensorInfo& a, const TensorInfo& b);
};

constexpr SortKey kSortKeys[] = {
    {"file", nullptr},
    {"name", [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; }},
    {"bytes",
     [](const TensorInfo& a, const TensorInfo& b) { return a.stored_bytes > b.stored_bytes; }},
    {"elements", [](const TensorInfo& a, const TensorInfo& b) { return a.elements > b.elements; }},
    {"role", [](const TensorInfo& a, const TensorInfo& b) { return a.role < b.role; }},
    {"dtype", [](const TensorInfo& a, const TensorInfo& b) { return a.dtype < b.dtype; }},
};

}  // namespace

std::vector<std::string> TensorSortKeys() {
  std::vector<std::string> names;
  for (const SortKey& key : kSortKeys) names.emplace_back(key.name);
  return names;
}

TensorOrder OrderOf(std::span<const TensorInfo> tensors, std::string_view key) {
  TensorOrder order(tensors.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto* row = std::ranges::find(kSortKeys, key, &SortKey::name);
  assert(row != std::end(kSortKeys));
  if (row->is_before == nullptr) return order;
  std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return row->is_before(tensors[a], tensors[b]);
  });
  return order;
}

}  // namespace polyak::command
