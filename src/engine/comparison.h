// Compares tensors that aren't averaged: are they the same in all inputs?
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/checkpoint.h"
#include "engine/run_control.h"
#include "plan/plan.h"

namespace polyak {

struct TensorDifference {
  std::size_t tensor = 0;  // of the template
  std::size_t input = 0;   // the first that has it otherwise
};

// The tensors with action kKeepAndWarn or kRequireEqual whose payloads are not the template's in
// every input, bit for bit, in the template's order. Reads through small buffers, stops at a
// tensor's first difference. Throws what reading and stopping throw.
std::vector<TensorDifference> CompareKept(std::span<const Checkpoint* const> inputs,
                                          const Plan& plan, std::size_t workers,
                                          const RunControl& control);

}  // namespace polyak
