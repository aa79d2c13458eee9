#include "formats/hdf5/element_type.h"

#include <fmt/format.h>

#include <limits>

#include "core/error.h"

namespace polyak::hdf5 {
namespace {

// The floats that have a name: sign on top, then the exponent, then the mantissa, no bits unused.
struct NamedFloat {
  DType dtype;
  std::uint64_t bytes;
  std::uint64_t exponent_bits;
  std::uint64_t mantissa_bits;
  std::uint64_t exponent_bias;
};

constexpr NamedFloat kNamedFloats[] = {
    {DType::kFloat16, 2, 5, 10, 15},
    {DType::kBFloat16, 2, 8, 7, 127},
    {DType::kFloat32, 4, 8, 23, 127},
    {DType::kFloat64, 8, 11, 52, 1023},
};

bool FillsItsBytes(const wire::Number& number, std::uint64_t bytes) {
  return number.order() != wire::Number::OTHER && number.offset_bits() == 0 &&
         number.precision_bits() == 8 * bytes;
}

DType FloatType(const wire::Number& number, std::uint64_t bytes) {
  if (bytes == 1) return DType::kFloat8;
  if (!FillsItsBytes(number, bytes) || !number.leading_bit_implied()) return DType::kOpaque;
  for (const NamedFloat& named : kNamedFloats) {
    if (bytes == named.bytes && number.sign_position() == 8 * bytes - 1 &&
        number.exponent_position() == named.mantissa_bits &&
        number.exponent_bits() == named.exponent_bits && number.mantissa_position() == 0 &&
        number.mantissa_bits() == named.mantissa_bits &&
        number.exponent_bias() == named.exponent_bias) {
      return named.dtype;
    }
  }
  return DType::kOpaque;
}

DType ComplexType(const wire::Number& number, std::uint64_t component_bytes) {
  switch (FloatType(number, component_bytes)) {
    case DType::kFloat32: return DType::kComplex64;
    case DType::kFloat64: return DType::kComplex128;
    default: return DType::kOpaque;
  }
}

DType IntegerType(const wire::Number& number, std::uint64_t bytes) {
  if (!FillsItsBytes(number, bytes)) return DType::kOpaque;
  switch (bytes) {
    case 1: return number.is_signed() ? DType::kInt8 : DType::kUInt8;
    case 2: return number.is_signed() ? DType::kInt16 : DType::kUInt16;
    case 4: return number.is_signed() ? DType::kInt32 : DType::kUInt32;
    case 8: return number.is_signed() ? DType::kInt64 : DType::kUInt64;
    default: return DType::kOpaque;
  }
}

std::uint32_t FixedBytes(const wire::ElementType& type) {
  if (type.bytes() == 0 || type.bytes() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::kCorrupt, fmt::format("an element can't have {} bytes", type.bytes()));
  }
  return static_cast<std::uint32_t>(type.bytes());
}

// Sets dtype, order and ordered_bytes of the classes of one known size.
void SetFixed(const wire::ElementType& type, ElementType& result) {
  const std::uint32_t bytes = result.element_bytes;
  std::uint32_t component_bytes = bytes;
  switch (type.class_()) {
    case wire::ElementType::INTEGER: result.dtype = IntegerType(type.number(), bytes); break;
    case wire::ElementType::FLOAT:
      result.dtype = FloatType(type.number(), bytes);
      result.is_float = true;
      break;
    case wire::ElementType::COMPLEX:
      component_bytes = bytes / 2;
      result.dtype = ComplexType(type.number(), component_bytes);
      result.is_float = true;
      break;
    case wire::ElementType::BOOLEAN:
      result.dtype = bytes == 1 ? DType::kBool : DType::kOpaque;
      return;
    case wire::ElementType::STRING: result.dtype = DType::kString; return;
    default: return;
  }
  if (result.dtype == DType::kOpaque) return;
  if (component_bytes == 1) return;
  result.ordered_bytes = component_bytes;
  result.order =
      type.number().order() == wire::Number::BIG ? std::endian::big : std::endian::little;
}

}  // namespace

ElementType TranslateType(const wire::ElementType& type) {
  ElementType result;
  switch (type.class_()) {
    case wire::ElementType::VARIABLE_STRING:
      result.dtype = DType::kString;
      result.unreadable = "strings of variable length are not supported";
      return result;
    case wire::ElementType::VARIABLE_LENGTH:
      result.unreadable = "elements of variable length are not supported";
      return result;
    case wire::ElementType::REFERENCE:
      result.element_bytes = FixedBytes(type);
      result.unreadable = "references to other objects of the file are not supported";
      return result;
    default:
      result.element_bytes = FixedBytes(type);
      SetFixed(type, result);
      return result;
  }
}

}  // namespace polyak::hdf5
