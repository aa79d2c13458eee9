// The definition of the weighted mean in GMP's integers: the oracle of these tests. It follows
// the definition, not the code under test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/dtype.h"

namespace polyak::test {

struct MeanRequest {
  std::vector<double> weights;
  bool normalised = true;
  bool allow_nonfinite = false;
};

// What must come of one element.
struct ExpectedElement {
  enum class Kind : std::uint8_t { kValue, kKeptNonfinite, kNonfiniteInput, kOverflow };
  Kind kind = Kind::kValue;
  std::uint64_t bits = 0;
  std::size_t input = 0;  // kNonfiniteInput: the first one
};

// column: the element in each input.
ExpectedElement ExpectedMean(const MeanRequest& request, DType dtype,
                             std::span<const std::uint64_t> column);

// weight / total rounded to float64, to nearest even.
double ExpectedQuotient(double weight, std::span<const double> weights);

}  // namespace polyak::test
