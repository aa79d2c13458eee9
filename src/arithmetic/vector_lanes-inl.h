// How the vector kernels load, round and store elements of the 16- and 32-bit dtypes. They are
// worked on in units of one vector of float32, which is two vectors of float64. Compiled once per
// instruction set, as vector_pairs-inl.h is. Pure functions; nothing is thrown.
#if defined(POLYAK_VECTOR_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_VECTOR_LANES_INL_H
#undef POLYAK_VECTOR_LANES_INL_H
#else
#define POLYAK_VECTOR_LANES_INL_H
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "arithmetic/float_format.h"
#include "arithmetic/vector_pairs-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

using Floats = hn::ScalableTag<float>;
using HalfFloats = hn::Half<Floats>;
using FloatBits = hn::RebindToUnsigned<Floats>;
using SignedBits = hn::RebindToSigned<Floats>;
using Shorts = hn::Rebind<std::uint16_t, Floats>;
using VF = hn::Vec<Floats>;
using MF = hn::Mask<Floats>;
using VU = hn::Vec<FloatBits>;

// The lower and the upper half of a unit, in float64.
struct Unit {
  VD lower;
  VD upper;
};

HWY_INLINE Unit WidenUnit(VF values) {
  const HalfFloats dh;
  const Doubles dd;
  return {hn::PromoteTo(dd, hn::LowerHalf(dh, values)),
          hn::PromoteTo(dd, hn::UpperHalf(dh, values))};
}

// Rounds to float32, to nearest even.
HWY_INLINE VF NarrowUnit(const Unit& unit) {
  const HalfFloats dh;
  return hn::Combine(Floats(), hn::DemoteTo(dh, unit.upper), hn::DemoteTo(dh, unit.lower));
}

// Elements may lie anywhere: they are loaded and stored as bytes.
template <class D>
HWY_INLINE hn::Vec<D> LoadAnywhere(D d, const std::byte* from) {
  const hn::Repartition<std::uint8_t, D> bytes;
  return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(from)));
}

template <class D>
HWY_INLINE void StoreAnywhere(hn::Vec<D> values, D, std::byte* to) {
  const hn::Repartition<std::uint8_t, D> bytes;
  hn::StoreU(hn::BitCast(bytes, values), bytes, reinterpret_cast<std::uint8_t*>(to));
}

// RN to a narrower format with the exponents of normal numbers from kMinExponent on, as a float64.
// Adding and subtracting a number so large that its last place is the format's rounds there, in
// the current mode, which is to nearest even. Right for subnormal results too; a number that
// rounds to 2^(kMaxExponent + 1) is left so.
template <class Format>
HWY_INLINE VD RoundToFormat(VD value) {
  const Doubles d;
  const DoubleBits du;
  const VD exponent =
      hn::And(value, hn::BitCast(d, hn::Set(du, FormatBits<Float64Format>::kInfinity)));
  const double least = std::bit_cast<double>(
      static_cast<std::uint64_t>(FormatBits<Format>::kMinExponent + 1023) << 52);
  const double last_place_scale = static_cast<double>(
      std::uint64_t{3} << (53 - Format::kSignificandBits - 1));  // 1.5 * 2^52 / 2^(p - 1)
  const VD large = hn::Mul(hn::Max(exponent, hn::Set(d, least)), hn::Set(d, last_place_scale));
  const VD rounded = hn::Sub(hn::Add(value, large), large);
  return hn::CopySign(rounded, value);
}

// Of values that the format has, or that are too large for it.
template <class Format>
HWY_INLINE MF IsFiniteIn(VF rounded) {
  constexpr int kBelow = 24 - Format::kSignificandBits;  // bits of float32 that the format lacks
  constexpr std::int32_t kLargest =
      ((Format::kMaxExponent + 128) << 23) - (std::int32_t{1} << kBelow);  // finite, as float32
  const SignedBits di;
  const auto magnitude = hn::And(hn::BitCast(di, rounded), hn::Set(di, 0x7FFFFFFF));
  return hn::RebindMask(Floats(), hn::Lt(magnitude, hn::Set(di, kLargest + 1)));
}

// Zero is not told from minus zero, nor one NaN from another, by comparing numbers.
HWY_INLINE MF SameBits(VF a, VF b) {
  const SignedBits di;
  return hn::RebindMask(Floats(), hn::Eq(hn::BitCast(di, a), hn::BitCast(di, b)));
}

HWY_INLINE VU MagnitudeBits(VF value) {
  const FloatBits du;
  return hn::And(hn::BitCast(du, value), hn::Set(du, 0x7FFFFFFF));
}

// Rounded to float32, to odd: a rounding to a format of two bits less is not misled. Of numbers in
// the range of float32's normal ones; smaller ones are rounded to nearest once more.
HWY_INLINE VD ToOddFloat(VD value) {
  const Doubles d;
  const DoubleBits du;
  const auto lost = hn::Set(du, (std::uint64_t{1} << 29) - 1);  // bits that float32 lacks
  const auto bits = hn::BitCast(du, value);
  const auto sticky = hn::Add(hn::And(bits, lost), lost);
  return hn::BitCast(d, hn::AndNot(lost, hn::Or(bits, sticky)));
}

HWY_INLINE VF NarrowToOdd(const Unit& unit) {
  return NarrowUnit({ToOddFloat(unit.lower), ToOddFloat(unit.upper)});
}

// Each Lanes has, for the quick ways:
// - RoundQuickly: a unit rounded to the format, or so that Store does that; right for means of at
//   least kLeastQuickMean, for zero, and, where kHasSmallMeans, for smaller ones too;
// - RoundFloats: the same of float32;
// - RoundAlike: whether RoundFloats and Store make the same of all elements of two units;
// - of 16 bits, FromShorts and RoundToShorts: from and to the elements' bits, of any float32.
struct Float32Lanes {
  using Format = Float32Format;
  static constexpr bool kHasSmallMeans = true;
  static constexpr float kLeastQuickMean = 0x1p-149f;  // its smallest number

  static HWY_INLINE VF RoundQuickly(const Unit& unit) { return NarrowUnit(unit); }
  static HWY_INLINE VF RoundFloats(VF values) { return values; }
  static HWY_INLINE bool RoundAlike(VF a, VF b) { return hn::AllTrue(Floats(), SameBits(a, b)); }

  static HWY_INLINE VF Load(const std::byte* elements, std::size_t index) {
    return LoadAnywhere(Floats(), elements + index * sizeof(float));
  }
  // To the format, as float32, which rounds by itself.
  static HWY_INLINE VF Round(const Unit& unit) { return NarrowUnit(unit); }
  static HWY_INLINE void Store(VF rounded, std::byte* elements, std::size_t index) {
    StoreAnywhere(rounded, Floats(), elements + index * sizeof(float));
  }
};

template <class NarrowFormat>
HWY_INLINE VF RoundUnit(const Unit& unit) {
  return NarrowUnit(
      {RoundToFormat<NarrowFormat>(unit.lower), RoundToFormat<NarrowFormat>(unit.upper)});
}

struct BFloat16Lanes {
  using Format = BFloat16Format;
  static constexpr bool kHasSmallMeans = false;
  static constexpr float kLeastQuickMean = 0x1p-100f;

  static HWY_INLINE VF RoundQuickly(const Unit& unit) { return RoundFloats(NarrowToOdd(unit)); }
  static HWY_INLINE VF RoundFloats(VF values) {
    return hn::BitCast(Floats(), hn::And(RoundBits(values), hn::Set(FloatBits(), 0xFFFF0000U)));
  }
  static HWY_INLINE bool RoundAlike(VF a, VF b) {
    const FloatBits du;
    const VU differing = hn::ShiftRight<16>(hn::Xor(RoundBits(a), RoundBits(b)));
    return hn::AllTrue(du, hn::Eq(differing, hn::Zero(du)));
  }

  static HWY_INLINE VF Load(const std::byte* elements, std::size_t index) {
    return FromShorts(LoadAnywhere(Shorts(), elements + index * sizeof(std::uint16_t)));
  }
  static HWY_INLINE VF FromShorts(hn::Vec<Shorts> bits) {
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(FloatBits(), bits)));
  }
  static HWY_INLINE hn::Vec<Shorts> RoundToShorts(VF values) {
    return UpperShorts(RoundBits(values));
  }
  static HWY_INLINE VF Round(const Unit& unit) { return RoundUnit<Format>(unit); }
  static HWY_INLINE void Store(VF rounded, std::byte* elements, std::size_t index) {
    StoreAnywhere(UpperShorts(hn::BitCast(FloatBits(), rounded)), Shorts(),
                  elements + index * sizeof(std::uint16_t));
  }

 private:
  static HWY_INLINE hn::Vec<Shorts> UpperShorts(VU bits) {
    return hn::DemoteTo(Shorts(), hn::BitCast(SignedBits(), hn::ShiftRight<16>(bits)));
  }
  // The upper half is rounded to nearest even, the lower without meaning.
  static HWY_INLINE VU RoundBits(VF values) {
    const FloatBits du;
    const VU bits = hn::BitCast(du, values);
    const VU last = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    return hn::Add(hn::Add(bits, last), hn::Set(du, 0x7FFF));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
