// How the vector kernels load and store float16, with the processor's instructions or without.
// Compiled once per instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_VECTOR_FLOAT16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_VECTOR_FLOAT16_INL_H
#undef POLYAK_VECTOR_FLOAT16_INL_H
#else
#define POLYAK_VECTOR_FLOAT16_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/float_format.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// Where Highway's conversions of float16 are instructions. Its emulations round otherwise.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || \
    HWY_TARGET == HWY_NEON
inline constexpr bool kHasFloat16Instructions = true;
#else
inline constexpr bool kHasFloat16Instructions = false;
#endif

struct Float16Lanes {
  using Format = Float16Format;
  static constexpr bool kHasSmallMeans = true;
  static constexpr float kLeastQuickMean = 0x1p-24f;  // its smallest number

  static HWY_INLINE VF RoundQuickly(const Unit& unit) {
    if constexpr (kHasFloat16Instructions) return NarrowToOdd(unit);
    return RoundUnit<Format>(unit);
  }
  // Without instructions the emulated Store takes numbers that float16 has.
  static HWY_INLINE VF RoundFloats(VF values) {
    if constexpr (kHasFloat16Instructions) return values;
    return RoundUnit<Format>(WidenUnit(values));
  }
  static HWY_INLINE bool RoundAlike(VF a, VF b) {
    if constexpr (kHasFloat16Instructions) {
      const Shorts ds;
      const hn::Rebind<hwy::float16_t, Floats> halves;
      return hn::AllTrue(ds, hn::Eq(hn::BitCast(ds, hn::DemoteTo(halves, a)),
                                    hn::BitCast(ds, hn::DemoteTo(halves, b))));
    } else {
      return hn::AllTrue(Floats(), SameBits(RoundFloats(a), RoundFloats(b)));
    }
  }

  static HWY_INLINE VF Load(const std::byte* elements, std::size_t index) {
    return FromShorts(LoadAnywhere(Shorts(), elements + index * sizeof(std::uint16_t)));
  }
  static HWY_INLINE VF FromShorts(hn::Vec<Shorts> shorts) {
    if constexpr (kHasFloat16Instructions) {
      return hn::PromoteTo(Floats(), hn::BitCast(hn::Rebind<hwy::float16_t, Floats>(), shorts));
    } else {
      return FromBits(hn::PromoteTo(FloatBits(), shorts));
    }
  }
  static HWY_INLINE hn::Vec<Shorts> RoundToShorts(VF values) {
    if constexpr (kHasFloat16Instructions) return ToShorts(values);
    // What is larger than infinity's bits would come out as bits of something else.
    const VF infinity = hn::Set(Floats(), 0x1p16f);
    return ToShorts(RoundFloats(hn::Min(hn::Max(values, hn::Neg(infinity)), infinity)));
  }
  static HWY_INLINE VF Round(const Unit& unit) { return RoundUnit<Format>(unit); }
  static HWY_INLINE void Store(VF rounded, std::byte* elements, std::size_t index) {
    StoreAnywhere(ToShorts(rounded), Shorts(), elements + index * sizeof(std::uint16_t));
  }

 private:
  static HWY_INLINE hn::Vec<Shorts> ToShorts(VF rounded) {
    if constexpr (kHasFloat16Instructions) {
      const hn::Rebind<hwy::float16_t, Floats> halves;
      return hn::BitCast(Shorts(), hn::DemoteTo(halves, rounded));
    } else {
      return hn::DemoteTo(Shorts(), hn::BitCast(SignedBits(), ToBits(rounded)));
    }
  }
  // Between the exponents' biases of float16 and float32 lie 112; multiplying moves subnormal
  // numbers along. Infinities and NaN only have to stay recognisable.
  static HWY_INLINE VF FromBits(VU shorts) {
    const Floats df;
    const FloatBits du;
    const VU magnitude = hn::And(shorts, hn::Set(du, 0x7FFF));
    const VU sign = hn::ShiftLeft<16>(hn::Xor(shorts, magnitude));
    const VF value = hn::Mul(hn::BitCast(df, hn::ShiftLeft<13>(magnitude)), hn::Set(df, 0x1p112f));
    const auto nonfinite = hn::Gt(magnitude, hn::Set(du, 0x7BFF));
    const VU bits = hn::IfThenElse(nonfinite, hn::Set(du, 0x7FC00000), hn::BitCast(du, value));
    return hn::BitCast(df, hn::Or(bits, sign));
  }
  // Of numbers that float16 has.
  static HWY_INLINE VU ToBits(VF value) {
    const Floats df;
    const FloatBits du;
    const VU moved = hn::BitCast(du, hn::Mul(hn::Abs(value), hn::Set(df, 0x1p-112f)));
    const VU sign = hn::And(hn::BitCast(du, value), hn::Set(du, 0x80000000U));
    return hn::Or(hn::ShiftRight<13>(moved), hn::ShiftRight<16>(sign));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
