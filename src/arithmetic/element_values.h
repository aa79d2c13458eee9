// The elements of the dtypes that have statistics, one at a time: how each is loaded, and what it
// is as a number. Pure functions, any thread; no errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "arithmetic/float_format.h"
#include "core/dtype.h"

namespace polyak {

template <class TheFormat>
struct FloatElement {
  using Format = TheFormat;
  using Stored = typename Format::Bits;
  using Number = double;
  static constexpr bool kIsFloat = true;

  static bool IsFinite(Stored bits) noexcept { return !FormatBits<Format>::IsNonfinite(bits); }
  static bool IsNaN(Stored bits) noexcept { return FormatBits<Format>::IsNaN(bits); }
  // Of finite ones.
  static Number NumberOf(Stored bits) noexcept { return Widen<Format>(bits); }
  // Its place among the format's numbers, both zeros being one.
  static std::int64_t PlaceOf(Stored bits) noexcept {
    const auto magnitude = static_cast<std::int64_t>(FormatBits<Format>::Magnitude(bits));
    return (bits & FormatBits<Format>::kSign) != 0 ? -magnitude : magnitude;
  }
};

template <class Integer>
struct IntegerElement {
  using Stored = Integer;
  using Number = std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>;
  static constexpr bool kIsFloat = false;

  static constexpr bool IsFinite(Stored) noexcept { return true; }
  static constexpr bool IsNaN(Stored) noexcept { return false; }
  static Number NumberOf(Stored stored) noexcept { return stored; }
};

template <class Element>
typename Element::Stored LoadElement(const std::byte* elements, std::size_t index) noexcept {
  typename Element::Stored stored;
  std::memcpy(&stored, elements + index * sizeof(stored), sizeof(stored));
  return stored;
}

// visit.operator()<Element>() for the dtype's element, which must have one (HasStatistics).
template <class Visitor>
auto VisitElement(DType dtype, const Visitor& visit) {
  switch (dtype) {
    case DType::kFloat16: return visit.template operator()<FloatElement<Float16Format>>();
    case DType::kBFloat16: return visit.template operator()<FloatElement<BFloat16Format>>();
    case DType::kFloat32: return visit.template operator()<FloatElement<Float32Format>>();
    case DType::kFloat64: return visit.template operator()<FloatElement<Float64Format>>();
    case DType::kInt8: return visit.template operator()<IntegerElement<std::int8_t>>();
    case DType::kInt16: return visit.template operator()<IntegerElement<std::int16_t>>();
    case DType::kInt32: return visit.template operator()<IntegerElement<std::int32_t>>();
    case DType::kInt64: return visit.template operator()<IntegerElement<std::int64_t>>();
    case DType::kUInt16: return visit.template operator()<IntegerElement<std::uint16_t>>();
    case DType::kUInt32: return visit.template operator()<IntegerElement<std::uint32_t>>();
    case DType::kUInt64: return visit.template operator()<IntegerElement<std::uint64_t>>();
    default: return visit.template operator()<IntegerElement<std::uint8_t>>();  // bool, too
  }
}

}  // namespace polyak
