// The first ways to the means of units of elements of a 16- or 32-bit dtype: all elements of a unit
// are decided, or none is and the ways of narrow_means-inl.h begin anew. Compiled once per
// instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_QUICK_MEANS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_QUICK_MEANS_INL_H
#undef POLYAK_QUICK_MEANS_INL_H
#else
#define POLYAK_QUICK_MEANS_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "arithmetic/plain_sums-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// Finite, not too small for a rounding by way of float32, and, where a zero needs care, no zero.
// `rounded` is not below the format's smallest number where it is that of a mean that isn't zero.
template <class Lanes>
HWY_INLINE MF IsUsual(VF rounded, VU largest, bool zeros_need_care) {
  const Floats df;
  const FloatBits du;
  MF usual = IsFiniteIn<typename Lanes::Format>(rounded);
  constexpr float kLeast = Lanes::kLeastQuickMean;
  const MF large_enough = hn::Ge(hn::Abs(rounded), hn::Set(df, kLeast));
  if (zeros_need_care) return hn::And(usual, large_enough);
  if constexpr (Lanes::kHasSmallMeans) return usual;
  const MF all_zero = hn::RebindMask(df, hn::Eq(largest, hn::Zero(du)));
  return hn::And(usual, hn::Or(large_enough, all_zero));
}

// Where the exponents of the inputs that aren't zero lie close enough together, the sum of integers
// times inputs is exact and less than 2^52 units of its lowest bit. Then neither it nor the total
// times a number halfway between two elements has so many bits that the quotient in float64, whose
// relative error is 2^-53, could come to lie on the other side of such a number, or on it: the
// quotient rounds as the true one does.
template <class Lanes>
HWY_INLINE bool IntegerMean(const MeanPlan& plan, const PlainSums& sums, VF& mean) {
  const Doubles d;
  const SignedBits di;
  const IntegerWeights& weights = plan.integer;
  Unit quotient = sums.sum;
  if (weights.total_is_power_of_two) {
    const VD factor = hn::Set(d, 1.0 / weights.total);
    quotient = {hn::Mul(quotient.lower, factor), hn::Mul(quotient.upper, factor)};
  } else {
    const VD total = hn::Set(d, weights.total);
    quotient = {hn::Div(quotient.lower, total), hn::Div(quotient.upper, total)};
  }
  mean = Lanes::RoundQuickly(quotient);
  const int spread = 52 - Lanes::Format::kSignificandBits - weights.magnitude_bits;
  const auto difference = hn::BitCast(di, hn::Sub(sums.largest, sums.smallest));
  const MF exact = hn::RebindMask(Floats(), hn::Lt(difference, hn::Set(di, (spread << 23) + 1)));
  return hn::AllTrue(Floats(),
                     hn::And(exact, IsUsual<Lanes>(mean, sums.largest, plan.zeros_need_care)));
}

// The ends of the interval in float64, each rounded once.
HWY_INLINE void EndsOfFloats(const IntervalWeights& weights, const PlainSums& sums, VF& below,
                             VF& above) {
  const Unit largest = WidenUnit(hn::BitCast(Floats(), sums.largest));
  const VD bound = hn::Set(Doubles(), weights.error_per_max);
  const Unit error = {hn::Mul(largest.lower, bound), hn::Mul(largest.upper, bound)};
  below = NarrowUnit({hn::Sub(sums.sum.lower, error.lower), hn::Sub(sums.sum.upper, error.upper)});
  above = NarrowUnit({hn::Add(sums.sum.lower, error.lower), hn::Add(sums.sum.upper, error.upper)});
}

// For 16-bit dtypes all but the sum is done in float32. Of the sum's magnitude 2^-24 is lost when
// it is narrowed, and half a last place at each end: a 2^-22th is added to the error, so the mean
// is strictly inside, and no end can have been rounded onto a number between two elements while
// the mean lies beyond.
HWY_INLINE void EndsOfShorts(const IntervalWeights& weights, const PlainSums& sums, VF& below,
                             VF& above) {
  const Floats d;
  const VF sum = NarrowUnit(sums.sum);
  const VF of_sum = hn::Mul(hn::BitCast(d, sums.largest), hn::Set(d, weights.error_per_max_float));
  const VF error = hn::MulAdd(hn::Abs(sum), hn::Set(d, 0x1p-22f), of_sum);
  below = hn::Sub(sum, error);
  above = hn::Add(sum, error);
}

template <class Lanes>
HWY_INLINE bool IntervalMean(const MeanPlan& plan, const PlainSums& sums, VF& mean) {
  VF below;
  if constexpr (Lanes::Format::kSignificandBits == 24) {
    EndsOfFloats(plan.interval, sums, below, mean);
  } else {
    EndsOfShorts(plan.interval, sums, below, mean);
  }
  const bool alike = Lanes::RoundAlike(below, mean);
  mean = Lanes::RoundFloats(mean);
  return alike && hn::AllTrue(Floats(), IsUsual<Lanes>(mean, sums.largest, plan.zeros_need_care));
}

// Stores the means of a unit, if it is true.
template <class Lanes, bool kIntegers>
HWY_INLINE bool StoreQuickMean(const MeanPlan& plan, const Block& block, std::size_t index,
                               const PlainSums& sums) {
  VF mean;
  const bool decided =
      kIntegers ? IntegerMean<Lanes>(plan, sums, mean) : IntervalMean<Lanes>(plan, sums, mean);
  if (HWY_LIKELY(decided)) Lanes::Store(mean, block.out, index);
  return decided;
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
