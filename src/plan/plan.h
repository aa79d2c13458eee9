// What will be done, decided before anything is computed: for each tensor of the template, with
// the reason. Deterministic from the inputs. A value; it holds no references.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"
#include "plan/match.h"

namespace polyak {

enum class Action : std::uint8_t {
  kAverage,
  kKeep,          // the template's, whatever the others hold
  kKeepAndWarn,   // the template's, with a warning where another one differs
  kRequireEqual,  // the template's; refused where another one differs
};

struct TensorPlan {
  Action action = Action::kKeep;
  // For people, a phrase: "optimizer state". Static text.
  std::string_view reason;
  // Another tensor of the template that is the same payload under another name: it is averaged
  // once, there.
  TensorNumber same_as = kNoTensor;
};

struct Plan {
  std::size_t template_index = 0;
  std::vector<TensorPlan> tensors;  // of the template, in its order
  Matches matches;

  // The tensors whose payloads are computed, in the template's order: action kAverage, each
  // payload once.
  std::vector<std::size_t> averaged;
  std::uint64_t averaged_elements = 0;
  std::uint64_t averaged_bytes = 0;
};

// Decides what each tensor gets. Throws Error: kMismatch where the inputs don't fit together or
// there is nothing to average, kUnsupported where a tensor that is needed can't be read.
Plan MakePlan(std::span<const Checkpoint* const> inputs, std::size_t template_index);

}  // namespace polyak
