// Ways to the means of those elements of a unit of a 16- or 32-bit dtype that can be decided
// (mean_plan.h): for what the quick ways leave.
// Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_NARROW_MEANS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_NARROW_MEANS_INL_H
#undef POLYAK_NARROW_MEANS_INL_H
#else
#define POLYAK_NARROW_MEANS_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "arithmetic/plain_sums-inl.h"
#include "arithmetic/vector_enclosure-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "arithmetic/vector_loose-inl.h"
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

// Sums in float64; the error is bounded by the largest input.
template <class Lanes>
HWY_INLINE Decision NarrowIntervalMean(const IntervalWeights& weights, const Block& block,
                                       std::size_t index) {
  PlainSums unit[1];
  SumInputs<Lanes, 1, 0, false>(weights.weights.data(), weights.weights.size(), block.inputs, index,
                                unit);
  const PlainSums& sums = unit[0];
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

// The means that lie between the ends of two enclosures, of a unit's lower and upper half.
template <class Lanes>
HWY_INLINE Decision RoundEnclosures(const VectorEnclosure& low, const VectorEnclosure& high) {
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

// Decides zeros too.
template <class Lanes>
HWY_INLINE Decision LooseMean(const PairWeights& weights, bool zeros_need_care, const Block& block,
                              std::size_t index) {
  const auto lower = [&](std::size_t k)
                         HWY_ATTR { return WidenUnit(Lanes::Load(block.inputs[k], index)).lower; };
  const auto upper = [&](std::size_t k)
                         HWY_ATTR { return WidenUnit(Lanes::Load(block.inputs[k], index)).upper; };
  const LooseSum low = SumLoosely<Products::kRounded, false>(weights, lower);
  const LooseSum high = SumLoosely<Products::kRounded, false>(weights, upper);
  Decision made = RoundEnclosures<Lanes>(DivideLooselyByTotal(low, weights),
                                         DivideLooselyByTotal(high, weights));
  if (zeros_need_care) return made;
  // Of a NaN among zeros the largest magnitude may say nothing, but the sum does.
  const VF zero = hn::Zero(Floats());
  const VF sum = NarrowUnit({low.high, high.high});
  const VF largest = NarrowUnit({low.largest, high.largest});
  const MF all_zero = hn::And(hn::Eq(largest, zero), hn::Eq(sum, zero));
  made.mean = hn::IfThenElse(all_zero, sum, made.mean);
  made.decided = hn::Or(made.decided, all_zero);
  return made;
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
  return RoundEnclosures<Lanes>(DivideByTotal(lower, weights), DivideByTotal(upper, weights));
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
