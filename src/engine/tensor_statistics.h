// A pass over one checkpoint that finds the statistics of its tensors.
#pragma once

#include <cstddef>
#include <vector>

#include "arithmetic/element_statistics.h"
#include "core/checkpoint.h"
#include "engine/run_control.h"
#include "plan/memory_plan.h"

namespace polyak {

// True for a tensor that has elements, which can be read and are numbers. Statistics of complex
// numbers are those of their parts, twice as many.
bool HasStatistics(const TensorInfo& tensor) noexcept;

// What the pass over a checkpoint's tensors needs of the memory plan.
MemoryRequest StatisticsMemory(const Checkpoint& checkpoint);

// Of each tensor, in the checkpoint's order; empty ones of those that have none. They depend on
// the elements only, not on workers, tiles or machine. Throws what reading and stopping throw.
std::vector<ElementStatistics> StatisticsOf(const Checkpoint& checkpoint, const MemoryPlan& memory,
                                            const RunControl& control);

}  // namespace polyak
