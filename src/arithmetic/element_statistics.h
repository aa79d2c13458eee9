// What is said of a tensor's elements: extremes, mean, norm, counts of special values.
//
// Defined, so that it is the same on every machine: elements are taken in runs of kRunElements in
// row-major order. In a run element i belongs to lane i mod 8; a lane adds its finite elements in
// order, in float64; lanes are added pairwise, and so are runs (pairwise_fold.h). Infinities and
// NaN are counted and take no part in anything else.
//
// Functions without state: any thread, no allocation, no errors. They want the mode of
// FpEnvironment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "core/dtype.h"

namespace polyak {

inline constexpr std::size_t kRunElements = 4096;

// An element: a float as float64, an integer as it is. A zero has no sign.
using Extreme = std::variant<double, std::int64_t, std::uint64_t>;

struct ElementStatistics {
  std::uint64_t finite = 0;  // how many elements are
  std::uint64_t zeros = 0;
  std::uint64_t nans = 0;
  std::uint64_t infinities = 0;
  Extreme min;  // of the finite ones, as is all that follows; meaningless where there are none
  Extreme max;
  // Of the elements times 2^-scale, which is 1 unless their squares would leave float64's range.
  double sum = 0;
  double squares = 0;
  int scale = 0;

  std::uint64_t elements() const noexcept { return finite + nans + infinities; }
  double mean() const noexcept;
  double norm() const noexcept;  // L2
  // Adds those of the elements that come after.
  void Merge(const ElementStatistics& next) noexcept;
};

// True for the dtypes that have statistics: floats, integers and bool (whose bytes are numbers).
bool HasStatistics(DType dtype) noexcept;

struct ReductionKernels;  // reduction_kernels.h

// Of one run: at most kRunElements, wherever they lie. HasStatistics(dtype).
ElementStatistics StatisticsOfRun(const ReductionKernels& kernels, DType dtype,
                                  const std::byte* elements, std::size_t count) noexcept;

}  // namespace polyak
