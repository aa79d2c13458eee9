#include "diff_order.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace polyak::command {
namespace {

struct SortKey {
  std::string_view name;
  // From the largest on; null: by name.
  double (*figure)(const ElementDifferences& differences);
};

constexpr SortKey kSortKeys[] = {
    {"l2", [](const ElementDifferences& found) { return found.relative_l2(); }},
    {"max", [](const ElementDifferences& found) { return found.max_difference; }},
    {"ulps", [](const ElementDifferences& found) { return static_cast<double>(found.max_ulps); }},
    {"name", nullptr},
};

int RankOf(const TensorDiff& tensor) {
  switch (tensor.verdict) {
    case Verdict::kOnlyInA:
    case Verdict::kOnlyInB: return 0;
    case Verdict::kOtherShape: return 1;
    case Verdict::kOtherDType: return 2;
    case Verdict::kDifferent: break;
    case Verdict::kNotCompared: return 6;
    case Verdict::kEqual: return 7;
  }
  if (tensor.differences.nonfinite_mismatches > 0) return 3;
  return tensor.pair.compared_as == ComparedAs::kValues ? 4 : 5;
}

}  // namespace

std::vector<std::string> DiffSortKeys() {
  std::vector<std::string> names;
  for (const SortKey& key : kSortKeys) names.emplace_back(key.name);
  return names;
}

std::vector<std::uint32_t> OrderOf(const Diff& found, std::string_view key) {
  std::vector<std::uint32_t> order(found.tensors.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto* row = std::ranges::find(kSortKeys, key, &SortKey::name);
  assert(row != std::end(kSortKeys));
  std::ranges::stable_sort(order, [&](std::uint32_t left, std::uint32_t right) {
    const TensorDiff& a = found.tensors[left];
    const TensorDiff& b = found.tensors[right];
    if (row->figure == nullptr) return found.InfoOf(a).name < found.InfoOf(b).name;
    const int rank_a = RankOf(a);
    const int rank_b = RankOf(b);
    if (rank_a != rank_b) return rank_a < rank_b;
    return row->figure(a.differences) > row->figure(b.differences);
  });
  return order;
}

}  // namespace polyak::command
