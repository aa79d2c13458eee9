#include <gtest/gtest.h>

#include <limits>

#include "arithmetic/linear_mean.h"
#include "rational_mean.h"
#include "sample_inputs.h"

namespace polyak::test {
namespace {

constexpr double kHuge = std::numeric_limits<double>::max();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();

TEST(SumsToZero, IsDecidedExactly) {
  EXPECT_TRUE(SumsToZero(std::vector<double>{1.0, -1.0}));
  EXPECT_TRUE(SumsToZero(std::vector<double>{kHuge, 1.0, kHuge, -1.0, -kHuge, -kHuge}));
  // Both are zero in float64 arithmetic, or would be in some order.
  EXPECT_FALSE(SumsToZero(std::vector<double>{kHuge, kLeast, -kHuge}));
  EXPECT_FALSE(SumsToZero(std::vector<double>{0.1, 0.2, -0.3}));
}

TEST(SumsToZero, HoldsForNoWeightsAtAll) { EXPECT_TRUE(SumsToZero({})); }

TEST(EffectiveWeights, AreQuotientsRoundedOnce) {
  Random random(11);
  for (const WeightKind& kind : WeightKinds()) {
    for (const std::size_t input_count : {std::size_t{1}, std::size_t{3}, std::size_t{40}}) {
      const std::vector<double> weights = kind.make(random, input_count);
      const std::vector<double> effective = EffectiveWeights(weights, true);
      for (std::size_t k = 0; k < input_count; ++k) {
        EXPECT_EQ(effective[k], ExpectedQuotient(weights[k], weights)) << kind.name;
      }
    }
  }
}

TEST(EffectiveWeights, AreTheWeightsWhereNotNormalised) {
  const std::vector<double> weights = {0.1, -3.0, kLeast};
  EXPECT_EQ(EffectiveWeights(weights, false), weights);
}

}  // namespace
}  // namespace polyak::test
