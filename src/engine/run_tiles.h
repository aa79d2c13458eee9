// Tiles that hold whole runs of kRunElements elements, whatever the dtype.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "arithmetic/element_statistics.h"
#include "core/box.h"
#include "core/checkpoint.h"
#include "plan/memory_plan.h"

namespace polyak {

// The largest elements that runs are made of, float64 (a complex number is two elements here);
// others than these have none.
inline constexpr std::uint64_t kLeastTileBytesOfRuns = kRunElements * sizeof(double);

// A plan's tiles, but never less than a run: a few KiB more than the plan in the tightest budgets,
// well within what it leaves for the program.
inline std::uint64_t TileBytesOfRuns(const MemoryPlan& memory) noexcept {
  return std::max(memory.tile_bytes, kLeastTileBytesOfRuns);
}

// Adds what reading any of the checkpoint's tensors takes.
inline void AddNeedsOf(const Checkpoint& checkpoint, MemoryRequest& request) {
  for (std::size_t tensor = 0; tensor < checkpoint.tensors().size(); ++tensor) {
    const WorkNeeds needs = checkpoint.NeedsOf({&tensor, 1});
    request.scratch_bytes = std::max(request.scratch_bytes, needs.scratch_bytes);
    request.shared_bytes = std::max(request.shared_bytes, needs.shared_bytes);
  }
}

// Calls visit(box) for the ranges of `tile_bytes` (a power of two, at most kGrainBytes) that make
// up one grain of an array of `elements` elements. element_bytes is a power of two.
template <class Visitor>
void ForEachTile(std::uint64_t elements, std::uint64_t element_bytes, std::uint64_t grain,
                 std::uint64_t tile_bytes, const Visitor& visit) {
  const std::uint64_t grain_elements = kGrainBytes / element_bytes;
  const std::uint64_t tile_elements = tile_bytes / element_bytes;
  const std::uint64_t end = std::min(elements, (grain + 1) * grain_elements);
  for (std::uint64_t first = grain * grain_elements; first < end; first += tile_elements) {
    visit(RangeBox(first, std::min(tile_elements, end - first)));
  }
}

}  // namespace polyak
