// Pair arithmetic on vectors of float64: what kernels_scalar.cc does, on all lanes at once.
// Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_VECTOR_ENCLOSURE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_VECTOR_ENCLOSURE_INL_H
#undef POLYAK_VECTOR_ENCLOSURE_INL_H
#else
#define POLYAK_VECTOR_ENCLOSURE_INL_H
#endif

#include "arithmetic/mean_plan.h"
#include "arithmetic/vector_pairs-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// A sum of products: high + low, and a bound of what was lost.
class VectorPairSum {
 public:
  // Written out: a constructor that the compiler makes isn't compiled for the instruction set.
  HWY_INLINE VectorPairSum()
      : high_(hn::Zero(Doubles())), low_(hn::Zero(Doubles())), lost_(hn::Zero(Doubles())) {}

  // kExactProducts: weights are so short that weight * input fits into a float64.
  template <bool kExactProducts>
  HWY_INLINE void AddProduct(VD weight, VD input) {
    if constexpr (kExactProducts) {
      const VectorPair high = TwoSum(high_, hn::Mul(weight, input));
      high_ = high.high;
      AddLow(high.low);
    } else {
      const VectorPair product = TwoProduct(weight, input);
      const VectorPair high = TwoSum(high_, product.high);
      high_ = high.high;
      AddLow(high.low);
      AddLow(product.low);
    }
  }

  HWY_INLINE VectorPair value() const { return TwoSum(high_, low_); }
  HWY_INLINE VD lost() const { return hn::Mul(lost_, hn::Set(Doubles(), 1.01)); }

 private:
  HWY_INLINE void AddLow(VD term) {
    const VectorPair sum = TwoSum(low_, term);
    low_ = sum.high;
    lost_ = hn::Add(lost_, hn::Abs(sum.low));
  }

  VD high_;
  VD low_;
  VD lost_;
};

// The mean lies between quotient + lower and quotient + upper; equal where nothing was rounded.
struct VectorEnclosure {
  VD quotient;
  VD lower;
  VD upper;
};

// What is left of a division of a sum by the total, and how far it may be off.
struct VectorRemainder {
  VD value;
  VD error;
};

// sum - quotient * total. A total of one float64 leaves only exact terms.
HWY_INLINE VectorRemainder RemainderByTotal(const VectorPairSum& sum, const VectorPair& value,
                                            VD quotient, const PairWeights& weights) {
  const Doubles d;
  const VD total_high = hn::Set(d, weights.total_high);
  const VectorPair first = TwoSum(RemainderOf(value.high, quotient, total_high), value.low);
  if (weights.total_low == 0.0) return {first.high, hn::Add(sum.lost(), hn::Abs(first.low))};

  const VectorPair back = TwoProduct(quotient, hn::Set(d, weights.total_low));
  const VectorPair second = TwoSum(first.high, hn::Neg(back.high));
  const VectorPair third = TwoSum(second.high, hn::Sub(hn::Add(first.low, second.low), back.low));
  const VD rounded = hn::Add(hn::Add(hn::Abs(first.low), hn::Abs(second.low)), hn::Abs(back.low));
  const VD lost = hn::Add(sum.lost(), hn::Abs(third.low));
  const VD of_total = hn::Mul(hn::Abs(quotient), hn::Set(d, weights.total_error));
  return {third.high, hn::Add(hn::MulAdd(rounded, hn::Set(d, 0x1p-50), lost), of_total)};
}

// DivideByTotal of kernels_scalar.cc, step by step.
HWY_INLINE VectorEnclosure DivideByTotal(const VectorPairSum& sum, const PairWeights& weights) {
  const Doubles d;
  const VD total_high = hn::Set(d, weights.total_high);
  const VectorPair value = sum.value();
  const VD quotient = hn::Div(value.high, total_high);
  const VectorRemainder remainder = RemainderByTotal(sum, value, quotient, weights);

  const VD correction = hn::Div(remainder.value, total_high);
  const VD left = hn::Abs(RemainderOf(remainder.value, correction, total_high));
  const VD rounding = hn::Mul(hn::Abs(correction), hn::Set(d, 0x1p-51));
  VD error = hn::Mul(hn::Add(left, remainder.error), hn::Set(d, 1.1 / weights.total_high));
  if (weights.total_low != 0.0) error = hn::Add(error, rounding);
  // The ends of the interval are rounded too.
  error = hn::IfThenElse(hn::Eq(error, hn::Zero(d)), error, hn::Add(error, rounding));
  return {quotient, hn::Sub(correction, error), hn::Add(correction, error)};
}

// False for NaN too, and for zeros, whose signs only ExactMean knows.
HWY_INLINE MD InPairRange(VD quotient) {
  return hn::Ge(hn::Abs(quotient), hn::Set(Doubles(), kLeastPairQuotient));
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
