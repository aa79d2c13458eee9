#include "arithmetic/element_statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "arithmetic/element_values.h"
#include "arithmetic/reduction_kernels.h"
#include "arithmetic/sum_scale.h"

namespace polyak {
namespace {

// The scalar twin: any elements. Of floats `factor` is 2^-scale.
template <class Element>
ElementStatistics ScalarStatistics(const std::byte* elements, std::size_t count,
                                   double factor) noexcept {
  using Number = typename Element::Number;
  ElementStatistics result;
  LaneSums sums{};
  LaneSums squares{};
  Number min{};
  Number max{};
  for (std::size_t i = 0; i < count; ++i) {
    const auto stored = LoadElement<Element>(elements, i);
    if (!Element::IsFinite(stored)) {
      ++(Element::IsNaN(stored) ? result.nans : result.infinities);
      continue;
    }
    const Number number = Element::NumberOf(stored);
    min = result.finite == 0 ? number : std::min(min, number);
    max = result.finite == 0 ? number : std::max(max, number);
    ++result.finite;
    result.zeros += number == 0 ? 1 : 0;
    const double scaled = static_cast<double>(number) * factor;
    sums[i % kLanes] += scaled;
    squares[i % kLanes] += scaled * scaled;
  }
  result.min = static_cast<Number>(min + Number{});  // -0.0 + 0.0 is +0.0
  result.max = static_cast<Number>(max + Number{});
  result.sum = SumOfLanes(sums);
  result.squares = SumOfLanes(squares);
  return result;
}

double MagnitudeOf(double min, double max) noexcept {
  return std::max(std::abs(min), std::abs(max));
}

template <class Element>
ElementStatistics ScalarStatistics(const std::byte* elements, std::size_t count) noexcept {
  ElementStatistics result = ScalarStatistics<Element>(elements, count, 1);
  if constexpr (std::is_same_v<Element, FloatElement<Float64Format>>) {
    const double magnitude =
        MagnitudeOf(std::get<double>(result.min), std::get<double>(result.max));
    const int scale = ScaleFor(magnitude);
    if (scale != 0) {
      result = ScalarStatistics<Element>(elements, count, FactorOf(scale));
      result.scale = scale;
    }
  }
  return result;
}

// Sums with what is needed to bring them to one scale.
struct ScaledStatistics {
  double sum;
  double squares;
  int scale;

  bool IsZero() const noexcept { return sum == 0 && squares == 0; }
  void ScaleTo(int new_scale) noexcept {
    sum = std::ldexp(sum, scale - new_scale);
    squares = std::ldexp(squares, 2 * (scale - new_scale));
    scale = new_scale;
  }
};

}  // namespace

double ElementStatistics::mean() const noexcept {
  return std::ldexp(sum / static_cast<double>(finite), scale);
}

double ElementStatistics::norm() const noexcept { return std::ldexp(std::sqrt(squares), scale); }

void ElementStatistics::Merge(const ElementStatistics& next) noexcept {
  if (next.finite > 0) {
    min = finite == 0 ? next.min : std::min(min, next.min);
    max = finite == 0 ? next.max : std::max(max, next.max);
  }
  finite += next.finite;
  zeros += next.zeros;
  nans += next.nans;
  infinities += next.infinities;
  ScaledStatistics first{sum, squares, scale};
  ScaledStatistics second{next.sum, next.squares, next.scale};
  AlignScales(first, second);
  sum = first.sum + second.sum;
  squares = first.squares + second.squares;
  scale = first.scale;
}

bool HasStatistics(DType dtype) noexcept {
  switch (dtype) {
    case DType::kBool:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kUInt8:
    case DType::kUInt16:
    case DType::kUInt32:
    case DType::kUInt64: return true;
    default: return IsFloat(dtype);
  }
}

ElementStatistics StatisticsOfRun(const ReductionKernels& kernels, DType dtype,
                                  const std::byte* elements, std::size_t count) noexcept {
  assert(HasStatistics(dtype) && count <= kRunElements);
  if (const StatisticsKernel kernel = kernels.For(dtype).statistics;
      kernel != nullptr && count > 0 && count % kLanes == 0) {
    PlainStatistics plain;
    kernel(elements, count, plain);
    const double squares = SumOfLanes(plain.squares);
    if (std::isfinite(squares) && ScaleFor(MagnitudeOf(plain.min, plain.max)) == 0) {
      return {.finite = count,
              .zeros = plain.zeros,
              .min = plain.min + 0.0,
              .max = plain.max + 0.0,
              .sum = SumOfLanes(plain.sums),
              .squares = squares};
    }
  }
  return VisitElement(dtype,
                      [&]<class Element>() { return ScalarStatistics<Element>(elements, count); });
}

}  // namespace polyak
