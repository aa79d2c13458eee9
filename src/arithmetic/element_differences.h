// How far two tensors are from one another, element by element.
//
// Defined by the same runs and lanes as element_statistics.h. An element differs where its values
// do: -0.0 and +0.0 are equal, and so are two NaN or infinities of the same bits. Where one of the
// two is not finite and they differ, the pair is counted as a mismatch; no pair with a NaN or an
// infinity in it takes part in the figures.
//
// Functions without state: any thread, no allocation, no errors. They want the mode of
// FpEnvironment.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arithmetic/element_statistics.h"
#include "core/dtype.h"

namespace polyak {

struct ElementDifferences {
  std::uint64_t differing = 0;             // mismatches included
  std::uint64_t nonfinite_mismatches = 0;  // pairs that differ, one of them NaN or infinite
  double max_difference = 0;               // |a - b|, in float64; of integers exact, then rounded
  // The most elements of the dtype that lie between two finite ones; 0 for two dtypes.
  std::uint64_t max_ulps = 0;
  // Of floats. Of the elements times 2^-scale, as in ElementStatistics.
  double squared_differences = 0;
  double squares_a = 0;
  double squares_b = 0;
  double products = 0;
  int scale = 0;

  // ||a - b|| / ||a||; 0 where nothing differs, infinite where only ||a|| is 0.
  double relative_l2() const noexcept;
  // 1 where nothing differs, NaN where ||a|| or ||b|| is 0.
  double cosine() const noexcept;
  // Adds those of the elements that come after.
  void Merge(const ElementDifferences& next) noexcept;
};

// Of one run: at most kRunElements, wherever they lie. HasStatistics holds for both dtypes, and
// they are the same or both floats.
ElementDifferences DifferencesOfRun(const ReductionKernels& kernels, DType dtype_a,
                                    const std::byte* a, DType dtype_b, const std::byte* b,
                                    std::size_t count) noexcept;

}  // namespace polyak
