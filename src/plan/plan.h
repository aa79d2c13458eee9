// What will be done, decided before anything is computed: for each tensor of the template, with
// the reason. Deterministic from the inputs. A value; it holds no references.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "plan/match.h"
#include "plan/selection.h"

namespace polyak {

enum class Action : std::uint8_t {
  kAverage,
  kKeep,          // the template's, whatever the others hold
  kKeepAndWarn,   // the template's, with a warning where another one differs
  kRequireEqual,  // the template's; refused where another one differs
};

struct TensorPlan {
  Action action = Action::kKeep;
  std::uint32_t rule = 0;  // in Plan::rules
  // Another tensor of the template that is the same payload under another name: it is averaged
  // once, there.
  TensorNumber same_as = kNoTensor;
};

struct Plan {
  std::size_t template_index = 0;
  std::vector<TensorPlan> tensors;  // of the template, in its order
  std::vector<std::string> rules;   // for people, phrases: "optimizer state", "--exclude 'a.*'"
  Matches matches;
  std::vector<std::string> warnings;

  // The tensors whose payloads are computed, in the template's order: action kAverage, each
  // payload once.
  std::vector<std::size_t> averaged;
  std::uint64_t averaged_elements = 0;
  std::uint64_t averaged_bytes = 0;
};

enum class MissingTensors : std::uint8_t {
  kRefuse,
  kKeep,  // a tensor that an input lacks is the template's; one that the template lacks is left out
};

enum class MatchBy : std::uint8_t { kName, kGraph, kPosition };

// Tensors of a quantized computation can be averaged neither together nor alone.
enum class QuantizedTensors : std::uint8_t {
  kRefuse,
  kKeep,  // the template's
};

struct PlanRequest {
  std::size_t template_index = 0;
  Selection selection;
  MissingTensors missing = MissingTensors::kRefuse;
  MatchBy match = MatchBy::kName;
  QuantizedTensors quantized = QuantizedTensors::kRefuse;
  // What a list of mismatches may take; further ones are counted.
  std::uint64_t list_bytes = std::uint64_t{8} << 20;
};

// Decides what each tensor gets. Throws Error: kMismatch where the inputs don't fit together (with
// all that doesn't, core/mismatch.h) or there is nothing to average, kUnsupported where a tensor
// that is needed can't be read or is quantized, kUsage where a pattern of the selection matches
// nothing.
Plan MakePlan(std::span<const Checkpoint* const> inputs, const PlanRequest& request);

}  // namespace polyak
