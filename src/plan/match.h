// Pairs the tensors of all inputs with those of the template, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"

namespace polyak {

// The number of a tensor in one input; kNoTensor: it hasn't got it.
using TensorNumber = std::uint32_t;
inline constexpr TensorNumber kNoTensor = std::numeric_limits<TensorNumber>::max();

// matches[input][t] is the number, in that input, of the tensor that is t in the template.
using Matches = std::vector<std::vector<TensorNumber>>;

// Checks that all inputs have the same tensors with the same shapes and dtypes; those that
// averaging keeps from the template whatever the others hold (optimizer state) are not compared.
// Throws Error (kMismatch) that tells all differences in one line.
Matches MatchByName(std::span<const Checkpoint* const> inputs, std::size_t template_index);

// True for a tensor that is the template's in any case.
bool IsAlwaysKept(const TensorInfo& tensor) noexcept;

}  // namespace polyak
