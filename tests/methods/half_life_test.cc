// The weights of an EMA with a half-life, against exp and log of far more precision.
#include <gmock/gmock.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "methods/method.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;

Linear HalfLife(double half_life, std::size_t inputs) {
  return MakeWeights(FindMethod("ema"), {.half_life = half_life}, inputs);
}

// A number of so many bits that neither a long subtraction nor rounding twice matters.
class Precise {
 public:
  Precise() { mpfr_init2(value, 4000); }
  Precise(const Precise&) = delete;
  Precise& operator=(const Precise&) = delete;
  ~Precise() { mpfr_clear(value); }

  mpfr_t value;
};

// exp(-count·log(2)/h)
void Decayed(Precise& result, std::size_t count, double half_life) {
  mpfr_set_ui(result.value, 2, MPFR_RNDN);
  mpfr_log(result.value, result.value, MPFR_RNDN);
  mpfr_mul_ui(result.value, result.value, count, MPFR_RNDN);
  mpfr_div_d(result.value, result.value, -half_life, MPFR_RNDN);
  mpfr_exp(result.value, result.value, MPFR_RNDN);
}

std::vector<double> Expected(double half_life, std::size_t inputs) {
  std::vector<Precise> exact(inputs);
  mpfr_exp_t largest = mpfr_get_emin();
  for (std::size_t k = 0; k < inputs; ++k) {
    Decayed(exact[k], inputs - 1 - k, half_life);
    if (k > 0) {
      Precise more;
      Decayed(more, inputs - k, half_life);
      mpfr_sub(exact[k].value, exact[k].value, more.value, MPFR_RNDN);
    }
    mpfr_prec_round(exact[k].value, 53, MPFR_RNDN);
    largest = std::max(largest, mpfr_get_exp(exact[k].value));
  }
  std::vector<double> weights;
  for (Precise& weight : exact) {
    const bool vanishes = mpfr_get_exp(weight.value) - largest < -500;
    mpfr_mul_2si(weight.value, weight.value, 1 - largest, MPFR_RNDN);
    weights.push_back(vanishes ? 0 : mpfr_get_d(weight.value, MPFR_RNDN));
  }
  return weights;
}

TEST(HalfLife, WeightsAreTheRealValuesRoundedOnce) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const double half_life = std::exp2(std::uniform_real_distribution<double>(-8, 12)(random));
    const std::size_t inputs = 2 + random() % 20;
    ASSERT_EQ(HalfLife(half_life, inputs).weights, Expected(half_life, inputs))
        << half_life << " over " << inputs;
  }
}

TEST(HalfLife, WeightsHoldForRoundAndExtremeHalfLives) {
  for (const double half_life : {1.0,
                                 0.5,
                                 0.25,
                                 1.0 / 64,
                                 2.0,
                                 3.0,
                                 4.0,
                                 1.5,
                                 0.75,
                                 10.0,
                                 1000.0,
                                 1e6,
                                 1e15,
                                 1e28,
                                 1e30,
                                 1e37,
                                 1e70,
                                 1e100,
                                 1e140,
                                 1e160,
                                 1e300,
                                 std::numeric_limits<double>::max(),
                                 std::nextafter(1.0, 2.0),
                                 std::nextafter(0.5, 0.0),
                                 1.0 / 53,
                                 1.0 / 54,
                                 1.0 / 55}) {
    for (const std::size_t inputs : {2U, 3U, 4U, 5U, 9U, 33U}) {
      ASSERT_EQ(HalfLife(half_life, inputs).weights, Expected(half_life, inputs))
          << half_life << " over " << inputs;
    }
  }
}

TEST(HalfLife, OfOneIsADecayOfOneHalf) {
  EXPECT_THAT(HalfLife(1, 4).weights, ElementsAre(0.25, 0.25, 0.5, 1));
  for (int m = 1; m <= 8; m *= 2) {
    EXPECT_EQ(HalfLife(1.0 / m, 12).weights,
              MakeWeights(FindMethod("ema"), {.decay = std::ldexp(1.0, -m)}, 12).weights);
  }
}

TEST(HalfLife, IsNotARoundedDecay) {
  // Over many checkpoints the rounding of 2^(-1/h) would show in the oldest weights.
  const double decay = std::exp2(-1.0 / 1000);
  EXPECT_NE(HalfLife(1000, 100).weights,
            MakeWeights(FindMethod("ema"), {.decay = decay}, 100).weights);
}

TEST(HalfLife, ThatIsTinyLeavesTheNewestAlone) {
  for (const double half_life : {1e-4, 1e-10, std::ldexp(1.0, -40), 1e-300, 5e-324}) {
    const Linear linear = HalfLife(half_life, 4);
    EXPECT_THAT(linear.weights, ElementsAre(0, 0, 0, 1)) << half_life;
    EXPECT_THAT(linear.warnings, ElementsAre("3 weights are less than 2^-500 of the largest and "
                                             "count as 0"));
  }
}

TEST(HalfLife, ThatIsHugeLeavesTheOldestAlone) {
  const Linear linear = HalfLife(1e300, 4);
  EXPECT_THAT(linear.weights, ElementsAre(1, 0, 0, 0));
  EXPECT_EQ(linear.warnings.size(), 1U);
}

TEST(HalfLife, OfManyCheckpointsEnds) {
  // A precision that is raised in vain would take hours.
  for (const double half_life : {5e-324, 7.0, 1e300}) {
    EXPECT_EQ(HalfLife(half_life, 10'000).weights.size(), 10'000U);
  }
}

}  // namespace
}  // namespace polyak
