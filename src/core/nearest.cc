#include "core/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace polyak {
namespace {

constexpr std::size_t kMostBytes = 256;
constexpr std::size_t kMostCandidates = 1000;

using EditRow = std::array<std::size_t, kMostBytes + 1>;

// The number of edits between two words of at most kMostBytes (optimal string alignment: the
// Levenshtein distance with swaps, where no part is edited twice), or any number over `limit` if
// it is more. Row i holds the distances of a's first i bytes to each beginning of b.
std::size_t Edits(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::array<EditRow, 3> rows{};
  EditRow* before_last = rows.data();
  EditRow* last = before_last + 1;
  EditRow* row = last + 1;
  for (std::size_t j = 0; j <= b.size(); ++j) (*last)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t least = (*row)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = (*last)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      std::size_t edits = std::min({replaced, (*last)[j] + 1, (*row)[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        edits = std::min(edits, (*before_last)[j - 2] + 1);
      }
      least = std::min(least, (*row)[j] = edits);
    }
    // No later row has less: a row's least is at most one over that of the row before it, and a
    // swap, which reaches over a row, costs one.
    if (least > limit) return limit + 1;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return (*last)[b.size()];
}

}  // namespace

std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  if (word.empty() || word.size() > kMostBytes) return nearest;
  std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  for (const std::string_view candidate :
       candidates.first(std::min(candidates.size(), kMostCandidates))) {
    if (candidate.empty() || candidate.size() > kMostBytes) continue;
    const std::size_t edits = Edits(word, candidate, limit);
    if (edits > limit || edits >= std::max(word.size(), candidate.size())) continue;
    nearest = candidate;
    if (edits == 0) break;
    limit = edits - 1;  // from here on only nearer ones count
  }
  return nearest;
}

}  // namespace polyak
