// One pass over the inputs in plain float64, and what it finds out. Compiled once per instruction
// set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_PLAIN_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_PLAIN_SUMS_INL_H
#undef POLYAK_PLAIN_SUMS_INL_H
#else
#define POLYAK_PLAIN_SUMS_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/kernel_set.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

struct PlainSums {
  Unit sum;     // of weight * input in float64
  VU largest;   // of the inputs' magnitudes, as bits
  VU smallest;  // of those that aren't zero, less one; all ones where all are zero
};

// Of kUnits neighbouring units at a time, which share the loop and the weights' loads.
// kInputs: how many inputs, where that is known when compiling; else 0. kWantsSmallest: else
// `smallest` has no meaning.
template <class Lanes, std::size_t kUnits, std::size_t kInputs, bool kWantsSmallest>
HWY_INLINE void SumInputs(const double* weights, std::size_t input_count,
                          const std::byte* const* inputs, std::size_t index,
                          PlainSums (&sums)[kUnits]) {
  const Doubles d;
  const VU one = hn::Set(FloatBits(), 1);
  const std::size_t step = hn::MaxLanes(Floats());
  const std::size_t count = kInputs != 0 ? kInputs : input_count;
  // Not from zero on, for the sake of -0.0.
  const VD first_weight = hn::Set(d, weights[0]);
  for (std::size_t u = 0; u < kUnits; ++u) {
    const VF first = Lanes::Load(inputs[0], index + u * step);
    const Unit unit = WidenUnit(first);
    sums[u].sum = {hn::Mul(unit.lower, first_weight), hn::Mul(unit.upper, first_weight)};
    sums[u].largest = MagnitudeBits(first);
    sums[u].smallest = hn::Sub(sums[u].largest, one);
  }
  for (std::size_t k = 1; k < count; ++k) {
    const VD weight = hn::Set(d, weights[k]);
    for (std::size_t u = 0; u < kUnits; ++u) {
      const VF input = Lanes::Load(inputs[k], index + u * step);
      const Unit next = WidenUnit(input);
      sums[u].sum.lower = hn::MulAdd(next.lower, weight, sums[u].sum.lower);
      sums[u].sum.upper = hn::MulAdd(next.upper, weight, sums[u].sum.upper);
      const VU magnitude = MagnitudeBits(input);
      sums[u].largest = hn::Max(sums[u].largest, magnitude);
      if constexpr (kWantsSmallest) {
        sums[u].smallest = hn::Min(sums[u].smallest, hn::Sub(magnitude, one));
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
