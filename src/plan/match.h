// Pairs the tensors of all inputs with those of the template, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
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

struct MatchResult {
  Matches matches;
  Mismatches mismatches;
  std::vector<std::size_t> strangers;  // inputs that have no name in common with the template
};

// Tensors for which `needs_partner` is false (they are the template's in any case) are not
// compared, whichever input has them.
MatchResult MatchByName(std::span<const Checkpoint* const> inputs, std::size_t template_index,
                        const std::function<bool(const TensorInfo&)>& needs_partner);

}  // namespace polyak
