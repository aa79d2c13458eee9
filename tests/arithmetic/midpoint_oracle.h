// Whether an element is the correctly rounded mean, told without a division: the sum of the
// products less the total times the element is held against half the way to the element's
// neighbour, all in integers as long as the exponents ask for. Some fifty times as fast as
// rational_mean.h, which answers where the element is zero or not finite, and which this is tested
// against.
//
// An oracle belongs to one thread. It shares no code with src/arithmetic.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/dtype.h"
#include "rational_mean.h"

namespace polyak::test {

class MidpointOracle {
 public:
  // The request allows what isn't finite. Weights as LinearMean wants them.
  explicit MidpointOracle(const MeanRequest& request);

  // column: the element in each input, all finite.
  bool IsMean(DType dtype, std::span<const std::uint64_t> column, std::uint64_t element) const;

 private:
  MeanRequest request_;
  std::vector<double> total_;  // what is divided by, as a sum
};

}  // namespace polyak::test
