// The fast way through a run of elements, where nothing is special: one table per instruction set.
// They do floats that are all finite and of usual size; what they leave is done by the scalar
// twins, one element at a time, to the same bits. The tables are constants of the program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/dtype.h"

namespace polyak {

inline constexpr std::size_t kLanes = 8;
using LaneSums = std::array<double, kLanes>;

// Meaningless where an element isn't finite; then `squares` isn't, in some lane.
struct PlainStatistics {
  LaneSums sums;
  LaneSums squares;
  double min;
  double max;
  std::uint64_t zeros;
};

// Meaningless where an element isn't finite; then a lane of squares_a or squares_b isn't.
struct PlainDifferences {
  LaneSums squared_differences;
  LaneSums squares_a;
  LaneSums squares_b;
  LaneSums products;
  double max_difference;
  std::uint64_t max_ulps;
  std::uint64_t differing;
};

// `count` is a multiple of kLanes, above 0 and at most kRunElements.
using StatisticsKernel = void (*)(const std::byte* elements, std::size_t count,
                                  PlainStatistics& statistics);
using DifferencesKernel = void (*)(const std::byte* a, const std::byte* b, std::size_t count,
                                   PlainDifferences& differences);

// A null kernel leaves all to the scalar twin.
struct KernelsOfDType {
  StatisticsKernel statistics = nullptr;
  DifferencesKernel differences = nullptr;
};

struct ReductionKernels {
  std::string_view name;  // as LinearMean takes it
  KernelsOfDType float16;
  KernelsOfDType bfloat16;
  KernelsOfDType float32;
  KernelsOfDType float64;

  KernelsOfDType For(DType dtype) const noexcept {
    switch (dtype) {
      case DType::kFloat16: return float16;
      case DType::kBFloat16: return bfloat16;
      case DType::kFloat32: return float32;
      case DType::kFloat64: return float64;
      default: return {};
    }
  }
};

// Those that this processor can run, the best first; the scalar ones, which have no kernels, last.
std::vector<const ReductionKernels*> ReductionKernelSets();

inline const ReductionKernels& BestReductionKernels() { return *ReductionKernelSets().front(); }

}  // namespace polyak
