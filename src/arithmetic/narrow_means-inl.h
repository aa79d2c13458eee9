// The three ways to the means of a unit of elements of a 16- or 32-bit dtype (mean_plan.h).
// Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_NARROW_MEANS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_NARROW_MEANS_INL_H
#undef POLYAK_NARROW_MEANS_INL_H
#else
#define POLYAK_NARROW_MEANS_INL_H
#endif

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "arithmetic/vector_enclosure-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "arithmetic/vector_pairs-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// The means of a unit, of those elements that were decided.
struct Decision {
  VF mean;
  MF decided;
};

// Of sum / total, where the sum is exact.
HWY_INLINE VD DivideExactSum(VD sum, const IntegerWeights& weights) {
  const Doubles d;
  if (weights.total_is_power_of_two) return hn::Mul(sum, hn::Set(d, 1.0 / weights.total));
  const VD total = hn::Set(d, weights.total);
  const VD quotient = hn::Div(sum, total);
  return ToOdd(quotient, RemainderOf(sum, quotient, total));
}

// What one pass over the inputs finds out about a unit.
struct PlainSums {
  Unit sum;     // of weight * input in float64
  VU largest;   // of the inputs' magnitudes, as bits
  VU smallest;  // of those that aren't zero, less one; all ones where all are zero
};

template <class Lanes, bool kWantsSmallest>
HWY_INLINE PlainSums SumInputs(const std::vector<double>& weights, const Block& block,
                               std::size_t index) {
  const Doubles d;
  const VU one = hn::Set(FloatBits(), 1);
  const VF first = Lanes::Load(block.inputs[0], index);
  const Unit unit = WidenUnit(first);
  const VD weight = hn::Set(d, weights[0]);
  PlainSums sums;
  // Not from zero on, for the sake of -0.0.
  sums.sum = {hn::Mul(unit.lower, weight), hn::Mul(unit.upper, weight)};
  sums.largest = MagnitudeBits(first);
  sums.smallest = hn::Sub(sums.largest, one);
  for (std::size_t k = 1; k < weights.size(); ++k) {
    const VF input = Lanes::Load(block.inputs[k], index);
    const Unit next = WidenUnit(input);
    const VD next_weight = hn::Set(d, weights[k]);
    sums.sum.lower = hn::MulAdd(next.lower, next_weight, sums.sum.lower);
    sums.sum.upper = hn::MulAdd(next.upper, next_weight, sums.sum.upper);
    const VU magnitude = MagnitudeBits(input);
    sums.largest = hn::Max(sums.largest, magnitude);
    if constexpr (kWantsSmallest) sums.smallest = hn::Min(sums.smallest, hn::Sub(magnitude, one));
  }
  return sums;
}

// Where the exponents of the inputs that aren't zero lie close enough together, no sum had more
// than 53 bits. NaN and infinities are never decided: they make means that aren't finite.
template <class Lanes>
HWY_INLINE Decision IntegerMean(const IntegerWeights& weights, const Block& block,
                                std::size_t index) {
  const SignedBits di;
  const PlainSums sums = SumInputs<Lanes, true>(weights.weights, block, index);
  const VF mean = Lanes::Round(
      {DivideExactSum(sums.sum.lower, weights), DivideExactSum(sums.sum.upper, weights)});
  const int spread = 53 - Lanes::Format::kSignificandBits - weights.magnitude_bits;
  const auto difference = hn::BitCast(di, hn::Sub(sums.largest, sums.smallest));
  const auto exact = hn::Lt(difference, hn::Set(di, (spread << 23) + 1));
  return {mean, hn::And(hn::RebindMask(Floats(), exact), IsFiniteIn<typename Lanes::Format>(mean))};
}

// Sums in float64; the error is bounded by the largest input.
template <class Lanes>
HWY_INLINE Decision IntervalMean(const IntervalWeights& weights, const Block& block,
                                 std::size_t index) {
  const PlainSums sums = SumInputs<Lanes, false>(weights.weights, block, index);
  const Unit largest = WidenUnit(hn::BitCast(Floats(), sums.largest));
  const VD bound = hn::Set(Doubles(), weights.error_per_max);
  const Unit error = {hn::Mul(largest.lower, bound), hn::Mul(largest.upper, bound)};
  const VF below =
      Lanes::Round({hn::Sub(sums.sum.lower, error.lower), hn::Sub(sums.sum.upper, error.upper)});
  const VF above =
      Lanes::Round({hn::Add(sums.sum.lower, error.lower), hn::Add(sums.sum.upper, error.upper)});
  return {above, hn::And(SameBits(below, above), IsFiniteIn<typename Lanes::Format>(above))};
}

HWY_INLINE VD SumToOdd(VD a, VD b) {
  const VectorPair sum = TwoSum(a, b);
  return ToOdd(sum.high, sum.low);
}

template <class Lanes, bool kExactProducts>
HWY_INLINE Decision PairMean(const PairWeights& weights, const Block& block, std::size_t index) {
  VectorPairSum lower;
  VectorPairSum upper;
  const std::size_t input_count = weights.weights.size();
  for (std::size_t k = 0; k < input_count; ++k) {
    const Unit unit = WidenUnit(Lanes::Load(block.inputs[k], index));
    const VD weight = hn::Set(Doubles(), weights.weights[k]);
    lower.template AddProduct<kExactProducts>(weight, unit.lower);
    upper.template AddProduct<kExactProducts>(weight, unit.upper);
  }
  const VectorEnclosure low = DivideByTotal(lower, weights);
  const VectorEnclosure high = DivideByTotal(upper, weights);
  const VF below =
      Lanes::Round({SumToOdd(low.quotient, low.lower), SumToOdd(high.quotient, high.lower)});
  const VF above =
      Lanes::Round({SumToOdd(low.quotient, low.upper), SumToOdd(high.quotient, high.upper)});
  // A quotient below the least is far below every format's least number, but for zero.
  const VD one = hn::Set(Doubles(), 1.0);
  const VF tested = NarrowUnit({hn::IfThenElseZero(InPairRange(low.quotient), one),
                                hn::IfThenElseZero(InPairRange(high.quotient), one)});
  const MF in_range = hn::Ne(tested, hn::Zero(Floats()));
  return {above, hn::And(in_range, hn::And(SameBits(below, above),
                                           IsFiniteIn<typename Lanes::Format>(above)))};
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
