// Batches of random means, each element checked against exact arithmetic, on every instruction set.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/dtype.h"
#include "sample_inputs.h"

namespace polyak::test {

inline constexpr std::size_t kBatchElements = 2048;

// Makes a batch of random kinds: weights, 2 to 50 inputs, kBatchElements elements. Gives the first
// difference in words: instruction set, dtype, weights and inputs as hex.
std::optional<std::string> CheckBatch(DType dtype, Random& random);

}  // namespace polyak::test
