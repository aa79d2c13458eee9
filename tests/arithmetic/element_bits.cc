#include "element_bits.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace polyak::test {

FloatShape ShapeOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat16: return {11, 15, 2};
    case DType::kBFloat16: return {8, 127, 2};
    case DType::kFloat32: return {24, 127, 4};
    default: return {53, 1023, 8};
  }
}

double ValueOf(DType dtype, std::uint64_t bits) {
  const FloatShape shape = ShapeOf(dtype);
  const std::uint64_t magnitude = bits & ~shape.sign();
  const std::uint64_t fraction_mask = (std::uint64_t{1} << (shape.precision - 1)) - 1;
  const int field = static_cast<int>(magnitude >> (shape.precision - 1));
  std::uint64_t significand = magnitude & fraction_mask;
  if (field != 0) significand += fraction_mask + 1;
  const int exponent = (field == 0 ? 1 : field) - shape.max_exponent - shape.precision + 1;
  const double value = std::ldexp(static_cast<double>(significand), exponent);
  return (bits & shape.sign()) != 0 ? -value : value;
}

std::uint64_t BitsOf(DType dtype, double value) {
  const FloatShape shape = ShapeOf(dtype);
  const std::uint64_t sign = std::signbit(value) ? shape.sign() : 0;
  if (value == 0.0) return sign;
  int exponent = 0;
  std::frexp(value, &exponent);  // in [1/2, 1) * 2^exponent
  const int field = std::max(exponent - 1 + shape.max_exponent, 1);
  const int ulp_exponent = field - shape.max_exponent - shape.precision + 1;
  const auto significand = static_cast<std::uint64_t>(std::ldexp(std::abs(value), -ulp_exponent));
  // A subnormal number lacks the leading one, which is the lowest bit of the field.
  const std::uint64_t base = static_cast<std::uint64_t>(field - 1) << (shape.precision - 1);
  return sign | (base + significand);
}

std::vector<std::byte> Pack(DType dtype, const std::vector<std::uint64_t>& elements,
                            std::size_t misalignment) {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t size = ShapeOf(dtype).bytes;
  std::vector<std::byte> bytes(misalignment + elements.size() * size);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    std::memcpy(bytes.data() + misalignment + i * size, &elements[i], size);
  }
  return bytes;
}

std::vector<std::uint64_t> Unpack(DType dtype, const std::byte* bytes, std::size_t elements) {
  const std::size_t size = ShapeOf(dtype).bytes;
  std::vector<std::uint64_t> unpacked(elements, 0);
  for (std::size_t i = 0; i < elements; ++i) {
    std::memcpy(&unpacked[i], bytes + i * size, size);
  }
  return unpacked;
}

}  // namespace polyak::test
