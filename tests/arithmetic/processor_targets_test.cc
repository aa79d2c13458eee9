#include "arithmetic/processor_targets.h"

#include <gtest/gtest.h>

#include "hwy/targets.h"

namespace polyak {
namespace {

TEST(ProcessorTargets, AreThoseThatHighwayFinds) {
  constexpr std::int64_t kOurs = HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON;
  EXPECT_EQ(TargetsOfProcessor(), hwy::SupportedTargets() & kOurs);
}

}  // namespace
}  // namespace polyak
