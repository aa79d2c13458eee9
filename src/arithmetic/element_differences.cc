#include "arithmetic/element_differences.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <type_traits>

#include "arithmetic/element_values.h"
#include "arithmetic/reduction_kernels.h"
#include "arithmetic/sum_scale.h"

namespace polyak {
namespace {

std::uint64_t Distance(std::int64_t a, std::int64_t b) noexcept {
  const auto first = static_cast<std::uint64_t>(a);
  const auto second = static_cast<std::uint64_t>(b);
  return a > b ? first - second : second - first;
}

// The sums of one run of floats, lane by lane.
struct LanesOfRun {
  LaneSums squared_differences{};
  LaneSums squares_a{};
  LaneSums squares_b{};
  LaneSums products{};

  void Add(std::size_t lane, double a, double b) noexcept {
    const double difference = a - b;
    squared_differences[lane] += difference * difference;
    squares_a[lane] += a * a;
    squares_b[lane] += b * b;
    products[lane] += a * b;
  }
};

template <class Lanes>
void SetSums(const Lanes& lanes, ElementDifferences& result) noexcept {
  result.squared_differences = SumOfLanes(lanes.squared_differences);
  result.squares_a = SumOfLanes(lanes.squares_a);
  result.squares_b = SumOfLanes(lanes.squares_b);
  result.products = SumOfLanes(lanes.products);
}

template <class A, class B>
bool AreSameNonfinite(typename A::Stored a, typename B::Stored b) noexcept {
  if constexpr (std::is_same_v<A, B>) return a == b;
  // Of two dtypes: the same infinity, or any NaN.
  if (A::IsNaN(a) || B::IsNaN(b)) return A::IsNaN(a) && B::IsNaN(b);
  const bool negative_a = (a & FormatBits<typename A::Format>::kSign) != 0;
  const bool negative_b = (b & FormatBits<typename B::Format>::kSign) != 0;
  return !A::IsFinite(a) && !B::IsFinite(b) && negative_a == negative_b;
}

// The scalar twin for floats: any elements. `magnitude` becomes that of the largest.
template <class A, class B>
ElementDifferences ScalarDifferences(const std::byte* a, const std::byte* b, std::size_t count,
                                     int scale, double& magnitude) noexcept {
  ElementDifferences result;
  LanesOfRun lanes;
  const double factor = FactorOf(scale);
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits_a = LoadElement<A>(a, i);
    const auto bits_b = LoadElement<B>(b, i);
    if (!A::IsFinite(bits_a) || !B::IsFinite(bits_b)) {
      const bool differs = !AreSameNonfinite<A, B>(bits_a, bits_b);
      result.differing += differs ? 1 : 0;
      result.nonfinite_mismatches += differs ? 1 : 0;
      continue;
    }
    const double number_a = A::NumberOf(bits_a);
    const double number_b = B::NumberOf(bits_b);
    result.differing += number_a != number_b ? 1 : 0;
    result.max_difference = std::max(result.max_difference, std::abs(number_a - number_b));
    if constexpr (std::is_same_v<A, B>) {
      result.max_ulps = std::max(result.max_ulps, Distance(A::PlaceOf(bits_a), B::PlaceOf(bits_b)));
    }
    magnitude = std::max({magnitude, std::abs(number_a), std::abs(number_b)});
    lanes.Add(i % kLanes, number_a * factor, number_b * factor);
  }
  SetSums(lanes, result);
  result.scale = scale;
  return result;
}

template <class A, class B>
ElementDifferences ScalarDifferences(const std::byte* a, const std::byte* b,
                                     std::size_t count) noexcept {
  double magnitude = 0;
  const ElementDifferences result = ScalarDifferences<A, B>(a, b, count, 0, magnitude);
  const int scale = ScaleFor(magnitude);  // others than float64 are all of usual size
  return scale == 0 ? result : ScalarDifferences<A, B>(a, b, count, scale, magnitude);
}

template <class Element>
ElementDifferences IntegerDifferences(const std::byte* a, const std::byte* b,
                                      std::size_t count) noexcept {
  ElementDifferences result;
  std::uint64_t max_difference = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const typename Element::Number first = LoadElement<Element>(a, i);
    const typename Element::Number second = LoadElement<Element>(b, i);
    const auto upper = static_cast<std::uint64_t>(std::max(first, second));
    const auto lower = static_cast<std::uint64_t>(std::min(first, second));
    result.differing += upper != lower ? 1 : 0;
    max_difference = std::max(max_difference, upper - lower);
  }
  result.max_difference = static_cast<double>(max_difference);
  return result;
}

// Sums with what is needed to bring them to one scale.
struct ScaledDifferences {
  double squared_differences;
  double squares_a;
  double squares_b;
  double products;
  int scale;

  explicit ScaledDifferences(const ElementDifferences& of)
      : squared_differences(of.squared_differences),
        squares_a(of.squares_a),
        squares_b(of.squares_b),
        products(of.products),
        scale(of.scale) {}
  bool IsZero() const noexcept { return squares_a == 0 && squares_b == 0; }
  void ScaleTo(int new_scale) noexcept {
    for (double* sum : {&squared_differences, &squares_a, &squares_b, &products}) {
      *sum = std::ldexp(*sum, 2 * (scale - new_scale));
    }
    scale = new_scale;
  }
};

}  // namespace

double ElementDifferences::relative_l2() const noexcept {
  if (squared_differences == 0) return 0;
  return std::sqrt(squared_differences) / std::sqrt(squares_a);
}

double ElementDifferences::cosine() const noexcept {
  if (differing == 0) return 1;
  if (squares_a == 0 || squares_b == 0) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(products / (std::sqrt(squares_a) * std::sqrt(squares_b)), -1.0, 1.0);
}

void ElementDifferences::Merge(const ElementDifferences& next) noexcept {
  differing += next.differing;
  nonfinite_mismatches += next.nonfinite_mismatches;
  max_difference = std::max(max_difference, next.max_difference);
  max_ulps = std::max(max_ulps, next.max_ulps);
  ScaledDifferences first(*this);
  ScaledDifferences second(next);
  AlignScales(first, second);
  squared_differences = first.squared_differences + second.squared_differences;
  squares_a = first.squares_a + second.squares_a;
  squares_b = first.squares_b + second.squares_b;
  products = first.products + second.products;
  scale = first.scale;
}

ElementDifferences DifferencesOfRun(const ReductionKernels& kernels, DType dtype_a,
                                    const std::byte* a, DType dtype_b, const std::byte* b,
                                    std::size_t count) noexcept {
  assert(count <= kRunElements && (dtype_a == dtype_b || (IsFloat(dtype_a) && IsFloat(dtype_b))));
  if (const DifferencesKernel kernel = kernels.For(dtype_a).differences;
      kernel != nullptr && dtype_a == dtype_b && count > 0 && count % kLanes == 0) {
    PlainDifferences plain;
    kernel(a, b, count, plain);
    ElementDifferences result{.differing = plain.differing,
                              .max_difference = plain.max_difference,
                              .max_ulps = plain.max_ulps};
    SetSums(plain, result);
    // Infinite and NaN where an element is.
    if (std::isfinite(result.squares_a + result.squares_b)) return result;
  }
  return VisitElement(dtype_a, [&]<class A>() {
    if constexpr (A::kIsFloat) {
      return VisitElement(dtype_b, [&]<class B>() {
        if constexpr (B::kIsFloat) return ScalarDifferences<A, B>(a, b, count);
        return ElementDifferences{};  // excluded by what must hold
      });
    } else {
      return IntegerDifferences<A>(a, b, count);
    }
  });
}

}  // namespace polyak
