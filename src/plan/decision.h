// What one tensor gets, by its role, its dtype and what was chosen.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/checkpoint.h"
#include "plan/plan.h"
#include "plan/selection.h"

namespace polyak {

struct Decision {
  Action action = Action::kKeep;
  std::string rule;  // for people: "convolution weight", "--exclude 'a.*'"
};

Decision Decide(const TensorInfo& tensor, const Selected& selected);

// Throws Error (kUnsupported) where an input has a quantized tensor that isn't excluded.
void RefuseQuantized(std::span<const Checkpoint* const> inputs, Selector& selector);

}  // namespace polyak
