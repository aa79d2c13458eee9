// Pairs the tensors of all inputs with those of the template: by name, by their place in the graph,
// or by their place in the order of loading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "core/mismatch.h"

namespace polyak {

// The number of a tensor in one input; kNoTensor: it hasn't got it.
using TensorNumber = std::uint32_t;
inline constexpr TensorNumber kNoTensor = std::numeric_limits<TensorNumber>::max();

// matches[input][t] is the number, in that input, of the tensor that is t in the template;
// kNoTensor where it is missing, has another shape or dtype, or needs no partner.
using Matches = std::vector<std::vector<TensorNumber>>;

// A tensor of the template that inputs lack.
struct MissingTensor {
  std::size_t first_input = 0;
  std::size_t inputs = 0;  // how many; 0: it isn't missing
};

// Tensors of one input that the template lacks.
struct ExtraTensors {
  std::size_t count = 0;
  std::vector<std::string> first_names;  // at most five
};

struct MatchResult {
  Matches matches;
  Mismatches mismatches;
  // With keep_missing: of each tensor of the template, of each input.
  std::vector<MissingTensor> missing;
  std::vector<ExtraTensors> extra;
  std::vector<std::size_t> strangers;  // inputs that have no name in common with the template
};

struct MatchRequest {
  std::size_t template_index = 0;
  // What is missing on one side is no mismatch.
  bool keep_missing = false;
  // What the list of mismatches may take; further ones are counted.
  std::uint64_t list_bytes = std::uint64_t{8} << 20;
};

// Tensors for which `needs_partner` is false (they are the template's in any case) are not
// compared, whichever input has them. A name that an input lacks may be an alias of one of its
// tensors; where one of the template's aliases is a tensor of its own in an input, that is an Error
// (kMismatch): the template merged what must not be one.
MatchResult MatchByName(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                        const std::function<bool(const TensorInfo&)>& needs_partner);

// Pairs the tensors that come up at the same place in graphs of the same shape, whatever their
// names; by name those that no node uses. Throws Error: kUnsupported where an input has no graph,
// kMismatch where its graph has another shape than the template's, or keeps apart what is one
// tensor in the template.
MatchResult MatchByGraph(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                         const std::function<bool(const TensorInfo&)>& needs_partner);

// Pairs the tensors that are loaded one after the other (CheckpointNotes::loading_order), the k-th
// with the k-th, whatever their names; by name those that are not in the order. Throws Error:
// kUnsupported where an input has no such order, kMismatch where it is longer or shorter than the
// template's.
MatchResult MatchByPosition(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                            const std::function<bool(const TensorInfo&)>& needs_partner);

}  // namespace polyak
