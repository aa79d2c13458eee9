// The vector kernels of reduction_kernels.h: kLanes elements at a time, lane by lane what the
// scalar twins do. Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions;
// nothing is thrown.
#if defined(POLYAK_REDUCTIONS_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_REDUCTIONS_VECTOR_INL_H
#undef POLYAK_REDUCTIONS_VECTOR_INL_H
#else
#define POLYAK_REDUCTIONS_VECTOR_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "arithmetic/reduction_kernels.h"
#include "arithmetic/vector_float16-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// How many vectors hold kLanes numbers.
inline constexpr std::size_t kUnits = kLanes / hn::MaxLanes(Floats());
inline constexpr std::size_t kHalves = kLanes / hn::MaxLanes(Doubles());

// kLanes numbers in float64.
struct Eight {
  VD parts[kHalves];

  HWY_INLINE VD& operator[](std::size_t i) { return parts[i]; }
  HWY_INLINE const VD& operator[](std::size_t i) const { return parts[i]; }
};

HWY_INLINE Eight Zeros() {
  Eight zeros;
  for (std::size_t i = 0; i < kHalves; ++i) zeros[i] = hn::Zero(Doubles());
  return zeros;
}

HWY_INLINE void StoreLanes(const Eight& numbers, LaneSums& lanes) {
  const Doubles d;
  for (std::size_t i = 0; i < kHalves; ++i) hn::StoreU(numbers[i], d, &lanes[i * hn::Lanes(d)]);
}

HWY_INLINE double LargestOf(const Eight& numbers) {
  LaneSums lanes;
  StoreLanes(numbers, lanes);
  return *std::max_element(lanes.begin(), lanes.end());
}

HWY_INLINE double SmallestOf(const Eight& numbers) {
  LaneSums lanes;
  StoreLanes(numbers, lanes);
  return *std::min_element(lanes.begin(), lanes.end());
}

struct Doubles8 {
  static HWY_INLINE Eight Load(const std::byte* elements, std::size_t index) {
    Eight numbers;
    for (std::size_t i = 0; i < kHalves; ++i) {
      numbers[i] = LoadAnywhere(Doubles(),
                                elements + (index + i * hn::MaxLanes(Doubles())) * sizeof(double));
    }
    return numbers;
  }
};

// Of the 16- and 32-bit floats.
template <class Narrow>
struct Narrow8 {
  static HWY_INLINE Eight Load(const std::byte* elements, std::size_t index) {
    Eight numbers;
    for (std::size_t u = 0; u < kUnits; ++u) {
      const Unit unit = WidenUnit(Narrow::Load(elements, index + u * hn::MaxLanes(Floats())));
      numbers[2 * u] = unit.lower;
      numbers[2 * u + 1] = unit.upper;
    }
    return numbers;
  }
};

// Counts lanes of vectors; in a run none has more than kRunElements / kLanes.
struct Counts {
  hn::Vec<DoubleBits> parts[kHalves];

  HWY_INLINE Counts() {
    for (auto& part : parts) part = hn::Zero(DoubleBits());
  }
  HWY_INLINE void Add(std::size_t i, MD mask) {
    parts[i] = hn::Sub(parts[i], hn::BitCast(DoubleBits(), hn::VecFromMask(Doubles(), mask)));
  }
  HWY_INLINE std::uint64_t Sum() const {
    std::uint64_t lanes[kLanes];
    for (std::size_t i = 0; i < kHalves; ++i) {
      hn::StoreU(parts[i], DoubleBits(), lanes + i * hn::MaxLanes(Doubles()));
    }
    std::uint64_t sum = 0;
    for (const std::uint64_t lane : lanes) sum += lane;
    return sum;
  }
};

template <class Loader>
void StatisticsOf(const std::byte* elements, std::size_t count, PlainStatistics& statistics) {
  Eight sums = Zeros();
  Eight squares = Zeros();
  Eight min = Loader::Load(elements, 0);
  Eight max = min;
  Counts zeros;
  for (std::size_t index = 0; index < count; index += kLanes) {
    const Eight numbers = Loader::Load(elements, index);
    for (std::size_t i = 0; i < kHalves; ++i) {
      sums[i] = hn::Add(sums[i], numbers[i]);
      squares[i] = hn::Add(squares[i], hn::Mul(numbers[i], numbers[i]));
      min[i] = hn::Min(min[i], numbers[i]);
      max[i] = hn::Max(max[i], numbers[i]);
      zeros.Add(i, hn::Eq(numbers[i], hn::Zero(Doubles())));
    }
  }
  StoreLanes(sums, statistics.sums);
  StoreLanes(squares, statistics.squares);
  statistics.min = SmallestOf(min);
  statistics.max = LargestOf(max);
  statistics.zeros = zeros.Sum();
}

// Elements as whole numbers in the order of their values, both zeros being 0.
HWY_INLINE hn::Vec<SignedBits> Places(VU bits, std::uint32_t sign_bit) {
  const FloatBits du;
  const SignedBits di;
  const auto magnitude = hn::BitCast(di, hn::AndNot(hn::Set(du, sign_bit), bits));
  const auto is_negative = hn::RebindMask(di, hn::TestBit(bits, hn::Set(du, sign_bit)));
  return hn::IfThenElse(is_negative, hn::Neg(magnitude), magnitude);
}

// The bits of a unit of elements, each in 32.
template <class Format>
HWY_INLINE VU LoadBits32(const std::byte* elements, std::size_t index) {
  if constexpr (sizeof(typename Format::Bits) == sizeof(std::uint32_t)) {
    return LoadAnywhere(FloatBits(), elements + index * sizeof(std::uint32_t));
  } else {
    return hn::PromoteTo(FloatBits(),
                         LoadAnywhere(Shorts(), elements + index * sizeof(std::uint16_t)));
  }
}

// How many places lie between elements: the most, and how often there is any.
template <class Format>
HWY_INLINE void CountPlaces(const std::byte* a, const std::byte* b, std::size_t count,
                            PlainDifferences& differences) {
  const FloatBits du;
  const SignedBits di;
  constexpr std::uint32_t kSign = FormatBits<Format>::kSign;
  auto most = hn::Zero(du);
  auto equal = hn::Zero(di);
  for (std::size_t index = 0; index < count; index += hn::MaxLanes(du)) {
    const auto first = Places(LoadBits32<Format>(a, index), kSign);
    const auto second = Places(LoadBits32<Format>(b, index), kSign);
    const auto distance = hn::BitCast(du, hn::Sub(hn::Max(first, second), hn::Min(first, second)));
    most = hn::Max(most, distance);
    equal = hn::Add(equal, hn::VecFromMask(di, hn::Eq(first, second)));  // 1 less for each
  }
  std::uint32_t lanes[hn::MaxLanes(du)];
  std::int32_t minus_equal[hn::MaxLanes(du)];
  hn::StoreU(most, du, lanes);
  hn::StoreU(equal, di, minus_equal);
  differences.max_ulps = *std::max_element(lanes, lanes + hn::MaxLanes(du));
  std::int64_t differing = static_cast<std::int64_t>(count);
  for (const std::int32_t lane : minus_equal) differing += lane;
  differences.differing = static_cast<std::uint64_t>(differing);
}

template <class Narrow>
void DifferencesOf(const std::byte* a, const std::byte* b, std::size_t count,
                   PlainDifferences& differences) {
  Eight squared_differences = Zeros();
  Eight squares_a = Zeros();
  Eight squares_b = Zeros();
  Eight products = Zeros();
  Eight largest = Zeros();
  for (std::size_t index = 0; index < count; index += kLanes) {
    const Eight first = Narrow8<Narrow>::Load(a, index);
    const Eight second = Narrow8<Narrow>::Load(b, index);
    for (std::size_t i = 0; i < kHalves; ++i) {
      const VD difference = hn::Sub(first[i], second[i]);
      squared_differences[i] = hn::Add(squared_differences[i], hn::Mul(difference, difference));
      squares_a[i] = hn::Add(squares_a[i], hn::Mul(first[i], first[i]));
      squares_b[i] = hn::Add(squares_b[i], hn::Mul(second[i], second[i]));
      products[i] = hn::Add(products[i], hn::Mul(first[i], second[i]));
      largest[i] = hn::Max(largest[i], hn::Abs(difference));
    }
  }
  StoreLanes(squared_differences, differences.squared_differences);
  StoreLanes(squares_a, differences.squares_a);
  StoreLanes(squares_b, differences.squares_b);
  StoreLanes(products, differences.products);
  differences.max_difference = LargestOf(largest);
  CountPlaces<typename Narrow::Format>(a, b, count, differences);
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
