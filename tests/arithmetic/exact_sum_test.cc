#include "arithmetic/exact_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace polyak::test {
namespace {

ExactSum SumOfTwo(double a, double b) {
  ExactSum sum;
  sum.AddProduct(a, 1.0);
  sum.AddProduct(b, 1.0);
  return sum;
}

TEST(ExactSum, CancelsWithoutARest) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  ExactSum sum;
  sum.AddProduct(kHuge, kHuge);
  sum.AddProduct(-kLeast, kLeast);
  sum.AddProduct(kHuge, -kHuge);
  EXPECT_TRUE(sum.negative());
  EXPECT_FALSE(sum.zero());
  sum.AddProduct(kLeast, kLeast);
  EXPECT_FALSE(sum.negative());
  EXPECT_TRUE(sum.zero());
}

TEST(Divisor, SeesABitHoweverFarBelowTheLeadingOnes) {
  for (const double divisor : {1.0, -3.0, 0x1p-400}) {
    for (int distance = 1; distance < 300; ++distance) {
      ExactSum numerator;
      numerator.AddProduct(divisor, 1.0);
      numerator.AddProduct(divisor, std::ldexp(1.0, -distance));
      const Quotient quotient = Divisor(SumOfTwo(divisor, 0.0)).Divide(numerator);
      const std::uint64_t low = distance < 64 ? std::uint64_t{1} << (63 - distance) : 0;
      EXPECT_EQ(quotient.leading.significand, std::uint64_t{1} << 63 | low) << distance;
      EXPECT_EQ(quotient.sticky, distance >= 64) << distance;
      EXPECT_EQ(quotient.leading.exponent, -63);
      EXPECT_FALSE(quotient.leading.negative);
    }
  }
}

TEST(Divisor, GivesTheLeadingBitsOfAThird) {
  const Quotient third = Divisor(SumOfTwo(-2.0, -1.0)).Divide(SumOfTwo(0.5, 0.5));
  EXPECT_EQ(third.leading.significand, 0xAAAAAAAAAAAAAAAAU);
  EXPECT_EQ(third.leading.exponent, -65);
  EXPECT_TRUE(third.leading.negative);
  EXPECT_TRUE(third.sticky);
}

}  // namespace
}  // namespace polyak::test
