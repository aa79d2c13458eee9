// Elements of the four floating-point dtypes as bit patterns, for tests. It shares no code with
// src/arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/dtype.h"

namespace polyak::test {

struct FloatShape {
  int precision;     // bits of the significand, the leading one included
  int max_exponent;  // of the largest finite number
  std::size_t bytes;

  int total_bits() const { return static_cast<int>(8 * bytes); }
  std::uint64_t sign() const { return std::uint64_t{1} << (total_bits() - 1); }
  std::uint64_t infinity() const {
    return static_cast<std::uint64_t>(2 * max_exponent + 1) << (precision - 1);
  }
  std::uint64_t quiet_nan() const { return infinity() | std::uint64_t{1} << (precision - 2); }
  std::uint64_t largest() const { return infinity() - 1; }
  std::uint64_t one() const { return static_cast<std::uint64_t>(max_exponent) << (precision - 1); }
  bool finite(std::uint64_t bits) const { return (bits & ~sign()) < infinity(); }
};

FloatShape ShapeOf(DType dtype);

// The value of a finite element: every element of the four dtypes is a float64.
double ValueOf(DType dtype, std::uint64_t bits);

// The element that is `value`, which the dtype must have.
std::uint64_t BitsOf(DType dtype, double value);

// Elements packed as they lie in memory, beginning `misalignment` bytes into the vector.
std::vector<std::byte> Pack(DType dtype, const std::vector<std::uint64_t>& elements,
                            std::size_t misalignment = 0);
std::vector<std::uint64_t> Unpack(DType dtype, const std::byte* bytes, std::size_t elements);

}  // namespace polyak::test
