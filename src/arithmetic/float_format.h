// The bits of the four floating-point dtypes: widening to float64, and rounding a number of any
// size once, to nearest, ties to even. Pure functions of their arguments, any thread; no errors.
//
// A format is a struct that names its parameters; Bits holds an element.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/dtype.h"

namespace polyak {

struct Float16Format {
  using Bits = std::uint16_t;
  static constexpr DType kDType = DType::kFloat16;
  static constexpr int kSignificandBits = 11;  // the leading one included
  static constexpr int kMaxExponent = 15;      // of the largest finite number, 1.x * 2^15
};
struct BFloat16Format {
  using Bits = std::uint16_t;
  static constexpr DType kDType = DType::kBFloat16;
  static constexpr int kSignificandBits = 8;
  static constexpr int kMaxExponent = 127;
};
struct Float32Format {
  using Bits = std::uint32_t;
  static constexpr DType kDType = DType::kFloat32;
  static constexpr int kSignificandBits = 24;
  static constexpr int kMaxExponent = 127;
};
struct Float64Format {
  using Bits = std::uint64_t;
  static constexpr DType kDType = DType::kFloat64;
  static constexpr int kSignificandBits = 53;
  static constexpr int kMaxExponent = 1023;
};

// What follows from a format's parameters.
template <class Format>
struct FormatBits {
  using Bits = typename Format::Bits;
  static constexpr int kFractionBits = Format::kSignificandBits - 1;
  static constexpr int kMinExponent = 1 - Format::kMaxExponent;        // of normal numbers
  static constexpr int kUlpExponent = kMinExponent - kFractionBits;    // of subnormal numbers
  static constexpr int kExponentLimit = 2 * Format::kMaxExponent + 1;  // biased, of infinities
  static constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  static constexpr Bits kInfinity = static_cast<Bits>(Bits{kExponentLimit} << kFractionBits);
  static constexpr Bits kNaN = static_cast<Bits>(kInfinity | Bits{1} << (kFractionBits - 1));

  static constexpr Bits Magnitude(Bits bits) noexcept { return static_cast<Bits>(bits & ~kSign); }
  static constexpr bool IsNonfinite(Bits bits) noexcept { return Magnitude(bits) >= kInfinity; }
  static constexpr bool IsNaN(Bits bits) noexcept { return Magnitude(bits) > kInfinity; }
};

// A finite number in parts: (-1)^negative * significand * 2^exponent. A significand that was
// normalised has its top bit set.
struct FloatParts {
  bool negative = false;
  std::uint64_t significand = 0;
  int exponent = 0;
};

template <class Format>
typename Format::Bits LoadBits(const std::byte* elements, std::size_t index) noexcept {
  typename Format::Bits bits;
  std::memcpy(&bits, elements + index * sizeof(bits), sizeof(bits));
  return bits;
}

template <class Format>
void StoreBits(std::byte* elements, std::size_t index, typename Format::Bits bits) noexcept {
  std::memcpy(elements + index * sizeof(bits), &bits, sizeof(bits));
}

// The parts of a finite element.
template <class Format>
constexpr FloatParts PartsOf(typename Format::Bits bits) noexcept {
  using F = FormatBits<Format>;
  const std::uint64_t magnitude = F::Magnitude(bits);
  const std::uint64_t fraction = magnitude & ((std::uint64_t{1} << F::kFractionBits) - 1);
  const int biased = static_cast<int>(magnitude >> F::kFractionBits);
  const bool negative = (bits & F::kSign) != 0;
  if (biased == 0) return {negative, fraction, F::kUlpExponent};
  return {negative, fraction | std::uint64_t{1} << F::kFractionBits, F::kUlpExponent + biased - 1};
}

// RN(±(significand + something)) * 2^exponent, where the something is in (0, 1) if `sticky`, else
// zero. The significand's top bit is set. Gives an infinity where the number rounds to one.
template <class Format>
constexpr typename Format::Bits RoundParts(const FloatParts& number, bool sticky) noexcept {
  using F = FormatBits<Format>;
  using Bits = typename Format::Bits;
  const Bits sign = number.negative ? F::kSign : Bits{0};
  const int top = number.exponent + 63;
  if (top > Format::kMaxExponent) return static_cast<Bits>(sign | F::kInfinity);
  const bool normal = top >= F::kMinExponent;
  const int dropped = normal ? 64 - Format::kSignificandBits : F::kUlpExponent - number.exponent;
  if (dropped > 64) return sign;  // below half of the smallest subnormal
  const std::uint64_t kept = dropped == 64 ? 0 : number.significand >> dropped;
  const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  const std::uint64_t rest = number.significand & (half | (half - 1));
  const bool up = rest > half || (rest == half && (sticky || (kept & 1) != 0));
  // The leading one of a normal number adds 1 to the exponent field, and so does a carry out of
  // the fraction, into infinity too.
  const int exponent_field = normal ? top - F::kMinExponent : 0;
  const std::uint64_t field = static_cast<std::uint64_t>(exponent_field) << F::kFractionBits;
  return static_cast<Bits>(sign | (field + kept + (up ? 1 : 0)));
}

// Exact, for finite elements.
template <class Format>
double Widen(typename Format::Bits bits) noexcept {
  if constexpr (sizeof(bits) == 8) {
    return std::bit_cast<double>(bits);
  } else if constexpr (sizeof(bits) == 4) {
    return static_cast<double>(std::bit_cast<float>(bits));
  } else if constexpr (Format::kSignificandBits == 8) {
    return static_cast<double>(std::bit_cast<float>(std::uint32_t{bits} << 16));
  } else {
    const FloatParts parts = PartsOf<Format>(bits);
    const auto scale = static_cast<std::uint64_t>(parts.exponent + 1023) << 52;
    const double magnitude = static_cast<double>(parts.significand) * std::bit_cast<double>(scale);
    return parts.negative ? -magnitude : magnitude;
  }
}

// RN of a finite float64.
template <class Format>
typename Format::Bits Narrow(double value) noexcept {
  FloatParts parts = PartsOf<Float64Format>(std::bit_cast<std::uint64_t>(value));
  if (parts.significand == 0) return parts.negative ? FormatBits<Format>::kSign : 0;
  const int shift = std::countl_zero(parts.significand);
  parts.significand <<= shift;
  parts.exponent -= shift;
  return RoundParts<Format>(parts, false);
}

}  // namespace polyak
