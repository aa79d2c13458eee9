// Exact sums of products of float64, and quotients of two such sums. Nothing here is fast;
// everything is right for all finite numbers, subnormal and huge ones included.
//
// Values without allocation; copies are independent, const functions may be called from any
// thread. Never throws. Holds up to 2^60 products, all of finite numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arithmetic/float_format.h"

namespace polyak {

// A number in two's complement, 64 bits a word, the lowest first. Bit 0 weighs 2^-2148, the lowest
// bit that a product of two float64 can have; products are below 2^2048; the 91 bits above that
// are room for the count, and one is the sign.
class ExactSum {
 public:
  static constexpr int kLowestExponent = -2148;
  static constexpr std::size_t kWords = 67;

  void Clear() noexcept { words_.fill(0); }
  // Adds a * b exactly.
  void AddProduct(double a, double b) noexcept;
  void Negate() noexcept;

  bool negative() const noexcept { return words_[kWords - 1] >> 63 != 0; }
  bool zero() const noexcept;
  std::span<const std::uint64_t, kWords> words() const noexcept { return words_; }

 private:
  std::array<std::uint64_t, kWords> words_{};
};

// A quotient as far as rounding needs it: the leading 64 bits, and whether more follow.
struct Quotient {
  FloatParts leading;
  bool sticky = false;
};

// A number to divide by, prepared: its magnitude with the zero words below and above cut off.
class Divisor {
 public:
  // divisor is not zero.
  explicit Divisor(const ExactSum& divisor) noexcept;

  // numerator / divisor; the numerator is not zero.
  Quotient Divide(const ExactSum& numerator) const noexcept;

 private:
  Quotient DivideByWord(std::span<const std::uint64_t> words, int top,
                        bool negative) const noexcept;

  std::array<std::uint64_t, ExactSum::kWords> magnitude_{};
  std::size_t word_count_ = 0;  // of magnitude_ that are used
  int bit_count_ = 0;           // up to the highest bit set
  int top_exponent_ = 0;        // the weight of the highest bit is 2^top_exponent_
  bool negative_ = false;
};

// Each rounded once to float64; infinite where too large.
double RoundToFloat64(const Quotient& quotient) noexcept;
double RoundToFloat64(const ExactSum& sum) noexcept;

}  // namespace polyak
