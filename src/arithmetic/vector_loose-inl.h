// Pair arithmetic that does not keep count of what it loses: half the work of
// vector_enclosure-inl.h, but ties can't be decided, unless the inputs' exponents tell that nothing
// was lost. Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions; nothing is
// thrown.
#if defined(POLYAK_VECTOR_LOOSE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_VECTOR_LOOSE_INL_H
#undef POLYAK_VECTOR_LOOSE_INL_H
#else
#define POLYAK_VECTOR_LOOSE_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/mean_plan.h"
#include "arithmetic/vector_enclosure-inl.h"
#include "arithmetic/vector_pairs-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// A sum of products as high + low, without count of what was lost of `low`.
struct LooseSum {
  VD high;
  VD low;
  VD largest;   // of the inputs' magnitudes
  VD smallest;  // of those that aren't zero; infinity where all are
};

enum class Products : std::uint8_t { kRounded, kExact };  // weight * input in float64

HWY_INLINE VD MagnitudeOrInfinity(VD magnitude) {
  const Doubles d;
  return hn::IfThenElse(hn::Eq(magnitude, hn::Zero(d)), hn::Inf(d), magnitude);
}

template <Products kProducts>
HWY_INLINE VectorPair ProductOf(VD weight, VD input) {
  if constexpr (kProducts == Products::kRounded) return TwoProduct(weight, input);
  return {hn::Mul(weight, input), hn::Zero(Doubles())};
}

// Of the inputs that `load` gives. kWantsSmallest: else `smallest` has no meaning.
template <Products kProducts, bool kWantsSmallest, class Load>
HWY_INLINE LooseSum SumLoosely(const PairWeights& weights, const Load& load) {
  const Doubles d;
  const VD first = load(0);
  // Not from zero on, for the sake of -0.0.
  const VectorPair first_product = ProductOf<kProducts>(hn::Set(d, weights.weights[0]), first);
  LooseSum sum = {first_product.high, first_product.low, hn::Abs(first),
                  MagnitudeOrInfinity(hn::Abs(first))};
  const std::size_t input_count = weights.weights.size();
  for (std::size_t k = 1; k < input_count; ++k) {
    const VD input = load(k);
    const VectorPair product = ProductOf<kProducts>(hn::Set(d, weights.weights[k]), input);
    const VectorPair high = TwoSum(sum.high, product.high);
    sum.high = high.high;
    sum.low =
        hn::Add(sum.low, kProducts == Products::kExact ? high.low : hn::Add(high.low, product.low));
    const VD magnitude = hn::Abs(input);
    sum.largest = hn::Max(sum.largest, magnitude);
    if constexpr (kWantsSmallest) {
      sum.smallest = hn::Min(sum.smallest, MagnitudeOrInfinity(magnitude));
    }
  }
  return sum;
}

// Encloses the mean of a loose sum. PairWeights::loose_error bounds all roundings, and whatever
// underflows, as long as the mean is of magnitude kLeastLooseQuotient at least.
HWY_INLINE VectorEnclosure DivideLooselyByTotal(const LooseSum& sum, const PairWeights& weights) {
  const Doubles d;
  const VD total = hn::Set(d, weights.total_high);
  const VectorPair value = TwoSum(sum.high, sum.low);
  const VD quotient = hn::Div(value.high, total);
  const VD rest = hn::Add(RemainderOf(value.high, quotient, total), value.low);
  const VD remainder = hn::Sub(rest, hn::Mul(quotient, hn::Set(d, weights.total_low)));
  const VD correction = hn::Mul(remainder, hn::Set(d, 1.0 / weights.total_high));
  const VD error = hn::Mul(sum.largest, hn::Set(d, weights.loose_error));
  return {quotient, hn::Sub(correction, error), hn::Add(correction, error)};
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
