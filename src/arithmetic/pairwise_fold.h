// Adds partial results pairwise, in their order: neighbours are merged two by two, then their
// results, and so on; one that has no neighbour goes up as it is. Any aligned block of a power of
// two of them may be folded alone first: the result is the same, bit for bit, so that no thread
// and no tile shows in a sum.
//
// A value; not shared between threads. Merge puts its argument behind what it is called on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace polyak {

template <class Part>
class PairwiseFold {
 public:
  void Add(Part part) {
    // A part of level n has 2^n of those that were added in it.
    for (std::uint64_t rest = count_++; (rest & 1) != 0; rest >>= 1) {
      Part before = std::move(levels_.back());
      levels_.pop_back();
      before.Merge(part);
      part = std::move(before);
    }
    levels_.push_back(std::move(part));
  }

  // All that was added, and begins anew; of nothing the empty part.
  Part Take() {
    Part all;
    if (!levels_.empty()) {
      all = std::move(levels_.back());
      levels_.pop_back();
    }
    while (!levels_.empty()) {
      Part before = std::move(levels_.back());
      levels_.pop_back();
      before.Merge(all);
      all = std::move(before);
    }
    count_ = 0;
    return all;
  }

 private:
  std::vector<Part> levels_;  // the largest first
  std::uint64_t count_ = 0;
};

}  // namespace polyak
