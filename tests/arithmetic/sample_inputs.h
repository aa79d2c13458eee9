// Columns of elements, one element per input, of the kinds that are hard to average.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "core/dtype.h"

namespace polyak::test {

using Column = std::vector<std::uint64_t>;
using Random = std::mt19937_64;

struct SampleKind {
  std::string_view name;
  // The same element in `input_count` inputs; all are finite.
  Column (*make)(Random& random, DType dtype, std::size_t input_count);
};

// random bits, smooth, neighbours, cancellation, subnormal, zeros, wide, large, midpoints, absorbed
const std::vector<SampleKind>& SampleKinds();

struct WeightKind {
  std::string_view name;
  // Not zero, finite, and not summing to zero.
  std::vector<double> (*make)(Random& random, std::size_t input_count);
};

// equal, dyadic, ema, negative, spread, subnormal, cancelling, nearly even
const std::vector<WeightKind>& WeightKinds();

}  // namespace polyak::test
