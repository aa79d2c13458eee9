#include "methods/rounded_weights.h"

#include <gmock/gmock.h>
#include <gmp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>

#include "core/error.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;

std::vector<double> Ema(double decay, std::size_t inputs) {
  return MakeWeights(FindMethod("ema"), {.decay = decay}, inputs).weights;
}

// An exact rational number.
class Rational {
 public:
  explicit Rational(double value = 0) {
    mpq_init(value_);
    mpq_set_d(value_, value);
  }
  Rational(const Rational& other) {
    mpq_init(value_);
    mpq_set(value_, other.value_);
  }
  Rational& operator=(const Rational&) = delete;
  ~Rational() { mpq_clear(value_); }

  Rational& operator*=(const Rational& other) {
    mpq_mul(value_, value_, other.value_);
    return *this;
  }
  Rational& operator-=(const Rational& other) {
    mpq_sub(value_, value_, other.value_);
    return *this;
  }
  bool operator==(const Rational& other) const { return mpq_equal(value_, other.value_) != 0; }
  int Compare(const Rational& other) const { return mpq_cmp(value_, other.value_); }

 private:
  mpq_t value_;
};

// True where `candidate` is `exact` rounded to nearest, ties to even: `exact` lies between the
// midpoints to its neighbours.
bool IsNearest(double candidate, const Rational& exact) {
  Rational twice(exact);
  twice *= Rational(2);
  const double below = std::nextafter(candidate, -HUGE_VAL);
  const double above = std::nextafter(candidate, HUGE_VAL);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &candidate, sizeof bits);
  const bool is_even = bits % 2 == 0;
  Rational low(below);   // below + candidate, exactly
  Rational high(above);  // candidate + above
  low -= Rational(-candidate);
  high -= Rational(-candidate);
  const int from_low = twice.Compare(low);
  const int to_high = twice.Compare(high);
  return (from_low > 0 || (from_low == 0 && is_even)) && (to_high < 0 || (to_high == 0 && is_even));
}

// The exact weights of an EMA, scaled as `weights` are (their largest lies in [1, 2)).
Rational ExactEma(double decay, std::size_t inputs, std::size_t k, int scale) {
  Rational weight(std::ldexp(1.0, scale));
  for (std::size_t power = 0; power < inputs - 1 - k; ++power) weight *= Rational(decay);
  if (k > 0) {
    Rational rest(1.0);
    rest -= Rational(decay);
    weight *= rest;
  }
  return weight;
}

TEST(EmaWeights, OfADyadicDecayAreExact) {
  // 1/8, 1/2·1/4, 1/2·1/2, 1/2, times 2
  EXPECT_THAT(Ema(0.5, 4), ElementsAre(0.25, 0.25, 0.5, 1));
}

TEST(EmaWeights, AreTheRealValuesRoundedOnce) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    const double decay = std::uniform_real_distribution<double>(0.01, 0.999)(random);
    const std::size_t inputs = 2 + random() % 40;
    const std::vector<double> weights = Ema(decay, inputs);
    // The scale is the same power of two for all: find it from the newest, 1-β before scaling.
    const int scale = std::ilogb(weights.back()) - std::ilogb(1 - decay);
    for (std::size_t k = 0; k < inputs; ++k) {
      ASSERT_TRUE(IsNearest(weights[k], ExactEma(decay, inputs, k, scale)))
          << "decay " << decay << " inputs " << inputs << " k " << k;
    }
  }
}

TEST(EmaWeights, OfDecayZeroAreTheNewestAlone) { EXPECT_THAT(Ema(0, 3), ElementsAre(0, 0, 1)); }

TEST(EmaWeights, ThatVanishBecomeZeroWithAWarning) {
  const Linear linear = MakeWeights(FindMethod("ema"), {.decay = 1e-200}, 4);
  EXPECT_EQ(linear.weights[0], 0);
  EXPECT_EQ(linear.weights[1], 0);
  EXPECT_EQ(linear.weights[2], 0);
  EXPECT_GE(linear.weights[3], 1);
  ASSERT_EQ(linear.warnings.size(), 1U);
  EXPECT_EQ(linear.warnings[0], "3 weights are less than 2^-500 of the largest and count as 0");
}

TEST(EmaWeights, AreScaledSoThatTheLargestLiesInOneToTwo) {
  for (const double decay : {0.001, 0.3, 0.9, 0.999999}) {
    const std::vector<double> weights = Ema(decay, 5);
    const double largest = *std::ranges::max_element(weights);
    EXPECT_GE(largest, 1);
    EXPECT_LT(largest, 2);
  }
}

}  // namespace
}  // namespace polyak
