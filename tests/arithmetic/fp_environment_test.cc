#include "arithmetic/fp_environment.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <limits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "mean_run.h"

namespace polyak::test {
namespace {

// Not known to the compiler, so that it computes at run time.
volatile double one = 1.0;
volatile double third = 1.0 / 3.0;
volatile double least_normal = std::numeric_limits<double>::min();

TEST(FpEnvironment, RoundsToNearestAndRestoresTheModeBefore) {
  std::fesetround(FE_UPWARD);
  const double upwards = one + third * 0x1p-53;
  double nearest = 0.0;
  {
    const FpEnvironment environment;
    nearest = one + third * 0x1p-53;
  }
  const int mode = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_GT(upwards, 1.0);
  EXPECT_EQ(nearest, 1.0);
  EXPECT_EQ(mode, FE_UPWARD);
}

#if defined(__SSE2__)
constexpr unsigned kFlushToZero = 0x8040;  // and denormals are zero

TEST(FpEnvironment, KeepsSubnormalNumbersAndRestoresTheModeBefore) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | kFlushToZero);
  double kept = 0.0;
  {
    const FpEnvironment environment;
    kept = least_normal / 4;
  }
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(kept, 0x1p-1024);
  EXPECT_EQ(after & kFlushToZero, kFlushToZero);
}

TEST(FpEnvironment, OfTheCallerDoesNotChangeAMean) {
  const MeanRequest request{{0.3, 0.7, 0.2}, true, true};
  Random random(3);
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    std::vector<Column> columns;
    for (const SampleKind& kind : SampleKinds()) {
      for (int i = 0; i < 20; ++i) columns.push_back(kind.make(random, dtype, 3));
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      const MeanRun usual = RunMean(request, dtype, columns, set);
      const unsigned before = _mm_getcsr();
      _mm_setcsr(before | kFlushToZero | 0x4000);  // and round up
      const MeanRun odd = RunMean(request, dtype, columns, set);
      _mm_setcsr(before);
      EXPECT_EQ(odd.elements, usual.elements) << set;
    }
  }
}
#endif

}  // namespace
}  // namespace polyak::test
