// The first way to the means of 16-bit elements with integer weights: all of it in float32, two
// units at a time. Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions;
// nothing is thrown.
#if defined(POLYAK_SHORT_MEANS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_SHORT_MEANS_INL_H
#undef POLYAK_SHORT_MEANS_INL_H
#else
#define POLYAK_SHORT_MEANS_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "arithmetic/quick_means-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// The elements of two units as the file has them.
using TwoUnits = hn::Repartition<std::uint16_t, Floats>;
using VT = hn::Vec<TwoUnits>;
using MT = hn::Mask<TwoUnits>;

struct ShortSums {
  VF lower;     // of weight * input in float32, of the first unit
  VF upper;     // of the second
  VT largest;   // of the inputs' magnitudes, as bits
  VT smallest;  // of those that aren't zero, less one; all ones where all are zero
};

template <class Lanes, std::size_t kInputs>
HWY_INLINE ShortSums SumShorts(const IntegerWeights& weights, const Block& block,
                               std::size_t index) {
  const Floats df;
  const TwoUnits d;
  const std::size_t second = index + hn::MaxLanes(df);
  const VT magnitude = hn::Set(d, 0x7FFF);
  const VT one = hn::Set(d, 1);
  const auto magnitudes_of = [&](const std::byte* input) HWY_ATTR {
    return hn::And(LoadAnywhere(d, input + index * sizeof(std::uint16_t)), magnitude);
  };
  const std::size_t count = kInputs != 0 ? kInputs : weights.float_weights.size();
  const float* factors = weights.float_weights.data();
  // Not from zero on, for the sake of -0.0.
  ShortSums sums;
  sums.lower = hn::Mul(Lanes::Load(block.inputs[0], index), hn::Set(df, factors[0]));
  sums.upper = hn::Mul(Lanes::Load(block.inputs[0], second), hn::Set(df, factors[0]));
  sums.largest = magnitudes_of(block.inputs[0]);
  sums.smallest = hn::Sub(sums.largest, one);
  for (std::size_t k = 1; k < count; ++k) {
    const std::byte* input = block.inputs[k];
    const VF factor = hn::Set(df, factors[k]);
    sums.lower = hn::MulAdd(Lanes::Load(input, index), factor, sums.lower);
    sums.upper = hn::MulAdd(Lanes::Load(input, second), factor, sums.upper);
    const VT magnitudes = magnitudes_of(input);
    sums.largest = hn::Max(sums.largest, magnitudes);
    sums.smallest = hn::Min(sums.smallest, hn::Sub(magnitudes, one));
  }
  return sums;
}

// As IntegerMean has it, with the 24 bits of float32: a sum of less than 2^23 units of its lowest
// bit is exact, and rounds after its division as the true mean does.
template <class Lanes>
HWY_INLINE MT IsExactSum(const IntegerWeights& weights, const ShortSums& sums) {
  const TwoUnits d;
  const hn::RebindToSigned<TwoUnits> di;
  constexpr int kBits = Lanes::Format::kSignificandBits;
  const int spread = std::max(0, 23 - kBits - weights.magnitude_bits);
  const auto limit = static_cast<std::int16_t>((spread << (kBits - 1)) + 1);
  const auto difference = hn::BitCast(di, hn::Sub(sums.largest, sums.smallest));
  return hn::RebindMask(d, hn::Lt(difference, hn::Set(di, limit)));
}

template <class Lanes>
HWY_INLINE VT RoundShorts(VF lower, VF upper) {
  return hn::Combine(TwoUnits(), Lanes::RoundToShorts(upper), Lanes::RoundToShorts(lower));
}

// Where the two ends of an interval that holds the mean round alike, so does the mean.
template <class Lanes>
HWY_INLINE MT IsAlikeAtEnds(const IntegerWeights& weights, VT largest, VF lower, VF upper) {
  const hn::Half<TwoUnits> half;
  const VF error_per_max = hn::Set(Floats(), weights.float_error_per_max);
  const VF lower_error = hn::Mul(Lanes::FromShorts(hn::LowerHalf(half, largest)), error_per_max);
  const VF upper_error = hn::Mul(Lanes::FromShorts(hn::UpperHalf(half, largest)), error_per_max);
  const VT below = RoundShorts<Lanes>(hn::Sub(lower, lower_error), hn::Sub(upper, upper_error));
  const VT above = RoundShorts<Lanes>(hn::Add(lower, lower_error), hn::Add(upper, upper_error));
  return hn::Eq(below, above);
}

template <class Lanes>
HWY_INLINE bool AreUsualShorts(VF lower, VF upper, VT largest, bool zeros_need_care) {
  const hn::Half<TwoUnits> half;
  const FloatBits du;
  const VU lower_largest = hn::PromoteTo(du, hn::LowerHalf(half, largest));
  const VU upper_largest = hn::PromoteTo(du, hn::UpperHalf(half, largest));
  return hn::AllTrue(Floats(), hn::And(IsUsual<Lanes>(lower, lower_largest, zeros_need_care),
                                       IsUsual<Lanes>(upper, upper_largest, zeros_need_care)));
}

// Stores the means of two units, if it is true.
template <class Lanes, std::size_t kInputs>
HWY_INLINE bool StoreShortMeans(const MeanPlan& plan, const Block& block, std::size_t index) {
  const Floats df;
  const TwoUnits d;
  const IntegerWeights& weights = plan.integer;
  const ShortSums sums = SumShorts<Lanes, kInputs>(weights, block, index);
  const VF total = hn::Set(df, weights.float_total);
  VF lower = sums.lower;
  VF upper = sums.upper;
  if (weights.total_is_power_of_two) {
    const VF factor = hn::Set(df, 1.0F / weights.float_total);
    lower = hn::Mul(lower, factor);
    upper = hn::Mul(upper, factor);
  } else {
    lower = hn::Div(lower, total);
    upper = hn::Div(upper, total);
  }
  MT decided = IsExactSum<Lanes>(weights, sums);
  if (!AreUsualShorts<Lanes>(lower, upper, sums.largest, plan.zeros_need_care)) return false;
  if (HWY_UNLIKELY(!hn::AllTrue(d, decided))) {
    decided = hn::Or(decided, IsAlikeAtEnds<Lanes>(weights, sums.largest, lower, upper));
    if (!hn::AllTrue(d, decided)) return false;
  }
  StoreAnywhere(RoundShorts<Lanes>(lower, upper), d, block.out + index * sizeof(std::uint16_t));
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
