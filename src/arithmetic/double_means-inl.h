// The ways to the means of a vector of elements of float64 (mean_plan.h). Compiled once per
// instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_DOUBLE_MEANS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_DOUBLE_MEANS_INL_H
#undef POLYAK_DOUBLE_MEANS_INL_H
#else
#define POLYAK_DOUBLE_MEANS_INL_H
#endif

#include <cstddef>

#include "arithmetic/float_format.h"
#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "arithmetic/vector_enclosure-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "arithmetic/vector_loose-inl.h"
#include "arithmetic/vector_pairs-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// The means of a vector, of those elements that were decided.
struct DoubleDecision {
  VD mean;
  MD decided;
};

HWY_INLINE VD LoadDoubles(const std::byte* elements, std::size_t index) {
  return LoadAnywhere(Doubles(), elements + index * sizeof(double));
}

// Keeps track of what was lost, so that ties can be decided. Where inputs are so small that a
// product could underflow, the element is not decided; where something overflows, NaN comes out and
// is not either.
template <bool kExactProducts>
HWY_INLINE DoubleDecision PairMeanOfDoubles(const PairWeights& weights, const Block& block,
                                            std::size_t index) {
  const Doubles d;
  VectorPairSum sum;
  const VD infinity = hn::Inf(d);
  VD smallest = infinity;
  const std::size_t input_count = weights.weights.size();
  for (std::size_t k = 0; k < input_count; ++k) {
    const VD input = LoadDoubles(block.inputs[k], index);
    sum.template AddProduct<kExactProducts>(hn::Set(d, weights.weights[k]), input);
    const VD magnitude = hn::Abs(input);
    const MD zero = hn::Eq(magnitude, hn::Zero(d));
    smallest = hn::Min(smallest, hn::IfThenElse(zero, infinity, magnitude));
  }
  const VectorEnclosure mean = DivideByTotal(sum, weights);
  const VD below = hn::Add(mean.quotient, mean.lower);
  const VD above = hn::Add(mean.quotient, mean.upper);
  const MD alike = hn::And(hn::Eq(below, above), hn::Lt(hn::Abs(above), infinity));
  const MD no_underflow = hn::Ge(smallest, hn::Set(d, kLeastPairInput));
  return {above, hn::And(alike, hn::And(no_underflow, InPairRange(mean.quotient)))};
}

// Powers of two only scale.
HWY_INLINE DoubleDecision PairMeanOfDoubles(const PairWeights& weights, const Block& block,
                                            std::size_t index) {
  if (weights.weight_bits == 1) return PairMeanOfDoubles<true>(weights, block, index);
  return PairMeanOfDoubles<false>(weights, block, index);
}

// Of integer weights. U is the weight of the smallest input's last bit, and 2^m bounds the sum of
// the weights' magnitudes. Where the exponents lie within 48 - 2m of each other, `low` is a
// multiple of U below 2^52 U, so it is exact; and so is the remainder, which has at most as many
// bits. The correction's rounding, 2^-53 of it, then can't take it to or over half a last place:
// those are integers times U over the total, or coarser.
template <Products kProducts>
HWY_INLINE DoubleDecision IntegerMeanOfDoubles(const MeanPlan& plan, const Block& block,
                                               std::size_t index) {
  const Doubles d;
  const PairWeights& weights = plan.pair;
  const LooseSum sum = SumLoosely<kProducts, true>(
      weights, [&](std::size_t k) HWY_ATTR { return LoadDoubles(block.inputs[k], index); });
  const VD total = hn::Set(d, weights.total_high);
  const VectorPair value = TwoSum(sum.high, sum.low);
  VD mean;
  if (plan.integer.total_is_power_of_two) {
    const VD factor = hn::Set(d, 1.0 / weights.total_high);
    mean = hn::Add(hn::Mul(value.high, factor), hn::Mul(value.low, factor));
  } else {
    const VD quotient = hn::Div(value.high, total);
    const VD remainder = hn::Add(RemainderOf(value.high, quotient, total), value.low);
    mean = hn::Add(quotient, hn::Div(remainder, total));
  }
  const VD widest = hn::Mul(sum.smallest, hn::Set(d, weights.largest_ratio));
  const MD exact =
      hn::And(hn::Lt(sum.largest, widest), hn::Ge(sum.smallest, hn::Set(d, kLeastPairInput)));
  const VD magnitude = hn::Abs(mean);
  const MD in_range =
      hn::And(hn::Ge(magnitude, hn::Set(d, kLeastPairQuotient)), hn::Lt(magnitude, hn::Inf(d)));
  return {mean, hn::And(exact, in_range)};
}

// The mean of a loose sum; ties are not decided.
HWY_INLINE DoubleDecision MeanOfLooseSum(const PairWeights& weights, const LooseSum& sum) {
  const Doubles d;
  const VectorEnclosure mean = DivideLooselyByTotal(sum, weights);
  const VD below = hn::Add(mean.quotient, mean.lower);
  const VD above = hn::Add(mean.quotient, mean.upper);
  const VD magnitude = hn::Abs(above);
  const MD in_range =
      hn::And(hn::Ge(magnitude, hn::Set(d, kLeastLooseQuotient)), hn::Lt(magnitude, hn::Inf(d)));
  return {above, hn::And(hn::Eq(below, above), in_range)};
}

HWY_INLINE DoubleDecision LooseMeanOfDoubles(const PairWeights& weights, const Block& block,
                                             std::size_t index) {
  const auto load = [&](std::size_t k) HWY_ATTR { return LoadDoubles(block.inputs[k], index); };
  return MeanOfLooseSum(weights, SumLoosely<Products::kRounded, false>(weights, load));
}

// The same of inputs times a power of two that brings the largest near 1. Decides zeros too; means
// below 2^-1021 are left.
HWY_INLINE DoubleDecision ScaledMeanOfDoubles(const PairWeights& weights, bool zeros_need_care,
                                              const Block& block, std::size_t index) {
  const Doubles d;
  const DoubleBits du;
  VD largest = hn::Zero(d);
  for (std::size_t k = 0; k < weights.weights.size(); ++k) {
    largest = hn::Max(largest, hn::Abs(LoadDoubles(block.inputs[k], index)));
  }
  // So that both the power of two and its inverse are normal numbers.
  const VD clamped = hn::Min(hn::Max(largest, hn::Set(d, 0x1p-1022)), hn::Set(d, 0x1p1022));
  const auto exponent =
      hn::And(hn::BitCast(du, clamped), hn::Set(du, FormatBits<Float64Format>::kInfinity));
  const VD power = hn::BitCast(d, exponent);
  const VD inverse = hn::BitCast(d, hn::Sub(hn::Set(du, std::uint64_t{2046} << 52), exponent));

  const auto load = [&](std::size_t k)
                        HWY_ATTR { return hn::Mul(LoadDoubles(block.inputs[k], index), inverse); };
  const LooseSum sum = SumLoosely<Products::kRounded, false>(weights, load);
  DoubleDecision scaled = MeanOfLooseSum(weights, sum);
  scaled.mean = hn::Mul(scaled.mean, power);
  const VD magnitude = hn::Abs(scaled.mean);
  const MD exact = hn::And(hn::Ge(magnitude, hn::Set(d, 0x1p-1021)), hn::Lt(magnitude, hn::Inf(d)));
  scaled.decided = hn::And(scaled.decided, exact);
  if (zeros_need_care) return scaled;
  // Of a NaN among zeros the largest magnitude may say nothing, but the sum does.
  const MD zero = hn::And(hn::Eq(largest, hn::Zero(d)), hn::Eq(sum.high, hn::Zero(d)));
  scaled.mean = hn::IfThenElse(zero, sum.high, scaled.mean);
  scaled.decided = hn::Or(scaled.decided, zero);
  return scaled;
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
