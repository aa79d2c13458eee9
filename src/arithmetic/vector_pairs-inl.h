// Error-free sums and products of vectors of float64, and rounding to odd. This file and the other
// -inl.h are compiled once per instruction set, inside that set's namespace (hwy/foreach_target.h
// and kernels_vector.cc). Pure functions; nothing is thrown.
#if defined(POLYAK_VECTOR_PAIRS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_VECTOR_PAIRS_INL_H
#undef POLYAK_VECTOR_PAIRS_INL_H
#else
#define POLYAK_VECTOR_PAIRS_INL_H
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
using DoubleBits = hn::RebindToUnsigned<Doubles>;
using VD = hn::Vec<Doubles>;
using MD = hn::Mask<Doubles>;

struct VectorPair {
  VD high;
  VD low;
};

// high + low == a + b exactly, high == fl(a + b).
HWY_INLINE VectorPair TwoSum(VD a, VD b) {
  const VD high = hn::Add(a, b);
  const VD b_part = hn::Sub(high, a);
  return {high, hn::Add(hn::Sub(a, hn::Sub(high, b_part)), hn::Sub(b, b_part))};
}

#if !HWY_NATIVE_FMA
HWY_INLINE VectorPair Split(VD a) {
  const VD scaled = hn::Mul(hn::Set(Doubles(), 0x1.0000002p27), a);
  const VD high = hn::Sub(scaled, hn::Sub(scaled, a));
  return {high, hn::Sub(a, high)};
}
#endif

// high + low == a * b exactly unless it underflows. Highway's MulSub is fused only on some
// targets; on the others this is Dekker's product.
HWY_INLINE VectorPair TwoProduct(VD a, VD b) {
  const VD high = hn::Mul(a, b);
#if HWY_NATIVE_FMA
  return {high, hn::MulSub(a, b, high)};
#else
  const VectorPair x = Split(a);
  const VectorPair y = Split(b);
  const VD first = hn::Sub(hn::Mul(x.high, y.high), high);
  const VD second = hn::Add(first, hn::Mul(x.high, y.low));
  const VD third = hn::Add(second, hn::Mul(x.low, y.high));
  return {high, hn::Add(third, hn::Mul(x.low, y.low))};
#endif
}

// dividend - quotient * divisor, exact where quotient == fl(dividend / divisor).
HWY_INLINE VD RemainderOf(VD dividend, VD quotient, VD divisor) {
#if HWY_NATIVE_FMA
  return hn::NegMulAdd(quotient, divisor, dividend);
#else
  const VectorPair back = TwoProduct(quotient, divisor);
  return hn::Sub(hn::Sub(dividend, back.high), back.low);
#endif
}

// The odd one of value's neighbours in the direction of `rest`, unless rest is zero or value is
// odd already: value + rest rounded to odd, for a rest below one unit in the last place.
HWY_INLINE VD ToOdd(VD value, VD rest) {
  const Doubles d;
  const hn::RebindToSigned<Doubles> di;
  const auto bits = hn::BitCast(di, value);
  const auto signs_differ = hn::Lt(hn::Xor(bits, hn::BitCast(di, rest)), hn::Zero(di));
  const auto down = hn::VecFromMask(di, signs_differ);  // -1 or 0
  const auto odd = hn::Or(hn::Add(bits, down), hn::Set(di, 1));
  const auto exact = hn::RebindMask(di, hn::Eq(rest, hn::Zero(d)));
  return hn::BitCast(d, hn::IfThenElse(exact, bits, odd));
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
