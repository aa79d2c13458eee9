// The one pass over the data: for each tile read it from all inputs, combine, write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"
#include "core/output.h"
#include "engine/run_control.h"
#include "methods/method.h"
#include "plan/memory_plan.h"
#include "plan/plan.h"

namespace polyak {

// What the pass works on. Everything it refers to must outlive it.
struct AverageRun {
  std::span<const Checkpoint* const> inputs;
  const Plan& plan;
  const Linear& linear;
  const MemoryPlan& memory;
  bool allow_nonfinite = false;
  bool hash_inputs = true;
  std::string_view instruction_set;  // empty: the best there is
};

struct AverageResult {
  std::uint64_t read_bytes = 0;
  std::uint64_t nonfinite_kept = 0;  // elements that are NaN or infinite in all inputs alike
  // Of each input; empty for one of weight 0, and without hash_inputs.
  std::vector<std::string> payload_hashes;
};

// Fills `output`: all replaced tensors and all kept parts. Throws Error (kNonfinite) naming input,
// tensor and index, and whatever reading, writing and stopping throw.
AverageResult RunAverage(const AverageRun& run, Output& output, const RunControl& control);

}  // namespace polyak
