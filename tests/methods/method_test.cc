#include "methods/method.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string UsageError(std::string_view method, const MethodOptions& options, std::size_t inputs) {
  try {
    MakeWeights(FindMethod(method), options, inputs);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

TEST(Methods, UniformWeighsAllAlike) {
  const Linear linear = MakeWeights(FindMethod("uniform"), {}, 3);
  EXPECT_THAT(linear.weights, ElementsAre(1, 1, 1));
  EXPECT_TRUE(linear.normalised);
}

TEST(Methods, InterpolateGivesPAndWhatIsLeft) {
  EXPECT_THAT(MakeWeights(FindMethod("interpolate"), {.proportion = 0.3}, 2).weights,
              ElementsAre(0.3, 1 - 0.3));
  EXPECT_THAT(MakeWeights(FindMethod("interpolate"), {.proportion = 0.0}, 2).weights,
              ElementsAre(0, 1));
  EXPECT_THAT(
      MakeWeights(FindMethod("interpolate"), {.proportion = 1.5, .extrapolate = true}, 2).weights,
      ElementsAre(1.5, -0.5));
}

TEST(Methods, InterpolateRefusesWhatItCanNotWeigh) {
  EXPECT_THAT(UsageError("interpolate", {.proportion = 1.5}, 2), HasSubstr("outside [0, 1]"));
  EXPECT_THAT(UsageError("interpolate", {.proportion = -0.1}, 2), HasSubstr("found -0.1"));
  EXPECT_THAT(UsageError("interpolate", {.proportion = std::nan("")}, 2), HasSubstr("not finite"));
  EXPECT_THAT(UsageError("interpolate", {.proportion = 0.5}, 3), HasSubstr("two checkpoints"));
  EXPECT_THAT(UsageError("interpolate", {}, 2), HasSubstr("needs -p"));
  EXPECT_THAT(UsageError("interpolate", {.proportion = 1e300, .extrapolate = true}, 2),
              HasSubstr("sum to 0"));
}

TEST(Methods, ExplicitWeightsAreTakenAsTheyAre) {
  const Linear linear = MakeWeights(FindMethod("weights"), {.weights = {0, 2.5, 1}}, 3);
  EXPECT_THAT(linear.weights, ElementsAre(0, 2.5, 1));
  EXPECT_TRUE(linear.normalised);
  EXPECT_FALSE(
      MakeWeights(FindMethod("weights"), {.weights = {1, 1}, .no_normalize = true}, 2).normalised);
}

TEST(Methods, ExplicitWeightsAreRefusedWhereTheyCanNotWeigh) {
  EXPECT_THAT(UsageError("weights", {}, 3), HasSubstr("method weights needs --weights"));
  EXPECT_THAT(UsageError("weights", {.weights = {1, 2}}, 3), HasSubstr("found 2, expected 3"));
  EXPECT_THAT(UsageError("weights", {.weights = {0, 0}}, 2), HasSubstr("sum to 0"));
  EXPECT_THAT(UsageError("weights", {.weights = {1, -1}, .extrapolate = true}, 2),
              HasSubstr("sum to 0"));
  EXPECT_THAT(UsageError("weights", {.weights = {1, -1}}, 2), HasSubstr("negative"));
  EXPECT_THAT(UsageError("weights", {.weights = {1, std::numeric_limits<double>::infinity()}}, 2),
              HasSubstr("not finite"));
}

TEST(Methods, EmaRefusesADecayOutsideItsRange) {
  EXPECT_THAT(UsageError("ema", {.decay = 1.0}, 2), HasSubstr("less than 1"));
  EXPECT_THAT(UsageError("ema", {.decay = -0.1}, 2), HasSubstr("at least 0"));
  EXPECT_THAT(UsageError("ema", {.decay = std::nan("")}, 2), HasSubstr("found nan"));
  EXPECT_THAT(UsageError("ema", {}, 2), HasSubstr("needs --decay or --half-life"));
}

TEST(Methods, EmaRefusesAHalfLifeOutsideItsRange) {
  for (const double half_life : {0.0, -0.0, -1.0, HUGE_VAL, std::nan("")}) {
    EXPECT_THAT(UsageError("ema", {.half_life = half_life}, 2),
                HasSubstr("must be above 0 and finite"));
  }
  EXPECT_THAT(UsageError("ema", {.decay = 0.5, .half_life = 1.0}, 2), HasSubstr("not both"));
}

TEST(Methods, TakeOnlyTheirOwnOptions) {
  EXPECT_THAT(UsageError("uniform", {.decay = 0.5}, 2), HasSubstr("takes no --decay"));
  EXPECT_THAT(UsageError("ema", {.decay = 0.5, .weights = {1, 1}}, 2),
              HasSubstr("takes no --weights"));
  EXPECT_THAT(UsageError("uniform", {.proportion = 0.5}, 2), HasSubstr("takes no -p"));
  EXPECT_THAT(UsageError("uniform", {.half_life = 1.0}, 2), HasSubstr("takes no --half-life"));
}

TEST(Methods, NeedTwoCheckpoints) {
  EXPECT_THAT(UsageError("uniform", {}, 0), HasSubstr("found 0"));
  EXPECT_THAT(UsageError("uniform", {}, 1), HasSubstr("found 1"));
}

TEST(Methods, AreFoundByNameAndListedWhenNot) {
  try {
    FindMethod("mean");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no method mean"));
    EXPECT_THAT(error.hint(), HasSubstr("uniform, ema"));
  }
}

}  // namespace
}  // namespace polyak
