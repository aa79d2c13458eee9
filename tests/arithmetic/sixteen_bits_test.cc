// The 16-bit dtypes are small enough to try whole slices of them.

#include <gtest/gtest.h>

#include <cmath>

#include "arithmetic/linear_mean.h"
#include "mean_run.h"

namespace polyak::test {
namespace {

constexpr std::uint64_t kElements = 65536;

class SixteenBits : public testing::TestWithParam<DType> {
 protected:
  // All finite elements paired with one partner.
  static std::vector<Column> AllWith(DType dtype, std::uint64_t partner) {
    std::vector<Column> columns;
    for (std::uint64_t bits = 0; bits < kElements; ++bits) {
      if (ShapeOf(dtype).finite(bits)) columns.push_back({bits, partner});
    }
    return columns;
  }

  static void Check(const MeanRequest& request, DType dtype, std::uint64_t partner) {
    const std::vector<Column> columns = AllWith(dtype, partner);
    std::vector<std::uint64_t> expected;
    for (const Column& column : columns) {
      expected.push_back(ExpectedMean(request, dtype, column).bits);
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      EXPECT_EQ(RunMean(request, dtype, columns, set).elements, expected)
          << set << " partner " << partner;
    }
  }
};

TEST_P(SixteenBits, EveryElementAveragesRightWithAFewPartners) {
  const FloatShape shape = ShapeOf(GetParam());
  for (const std::uint64_t partner :
       {std::uint64_t{0}, shape.sign() | 1, shape.one() + 1, shape.largest() | shape.sign()}) {
    Check({{1.0, 1.0}, true, true}, GetParam(), partner);
  }
  Check({{0.3, 0.7}, true, true}, GetParam(), shape.one() - 3);
  Check({{1.5, -0.5}, true, true}, GetParam(), shape.one() - 1);
  Check({{0.1, -0.2}, false, true}, GetParam(), shape.sign());
}

// Sums that nearly cancel, of weights so large that little is certain of them: what a mean comes to
// lie between is wider than the format.
TEST_P(SixteenBits, MeansOfLargeWeightsThatCancelAreRight) {
  Random random(11);
  for (const int scale : {0, 14, 21, 30}) {
    std::vector<double> weights = {262145, -262401, 1};
    for (double& weight : weights) weight = std::ldexp(weight, scale);
    const MeanRequest request{weights, false, true};
    std::vector<Column> columns;
    std::vector<std::uint64_t> expected;
    for (int i = 0; i < 400; ++i) {
      // 1025, 1024 and next to nothing, in float16.
      columns.push_back({0x6401, 0x6400, 1 + random() % 3});
      expected.push_back(ExpectedMean(request, GetParam(), columns.back()).bits);
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      EXPECT_EQ(RunMean(request, GetParam(), columns, set).elements, expected)
          << set << " 2^" << scale;
    }
  }
}

TEST_P(SixteenBits, ManyEqualWeightsWhoseInputsCancelAreRight) {
  constexpr std::size_t kInputs = 400;
  const FloatShape shape = ShapeOf(GetParam());
  Random random(12);
  for (const int scale : {14, 21}) {
    const MeanRequest request{std::vector(kInputs, std::ldexp(1.0, scale)), false, true};
    std::vector<Column> columns;
    std::vector<std::uint64_t> expected;
    for (int i = 0; i < 64; ++i) {
      Column column(kInputs, 0);
      column[0] = 0x7780 + random() % 16;
      column[1] = random() % 0x1000;  // lost beside it
      column[2] = column[0] | shape.sign();
      columns.push_back(column);
      expected.push_back(ExpectedMean(request, GetParam(), column).bits);
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      EXPECT_EQ(RunMean(request, GetParam(), columns, set).elements, expected)
          << set << " 2^" << scale;
    }
  }
}

TEST_P(SixteenBits, EveryElementIsKeptByTheMeanOfItsCopies) {
  std::vector<Column> columns;
  std::vector<std::uint64_t> elements;
  for (std::uint64_t bits = 0; bits < kElements; ++bits) {
    columns.push_back({bits, bits, bits});
    elements.push_back(bits);
  }
  const MeanRequest request{{1.0, 0.3, 0.17}, true, false};
  const FloatShape shape = ShapeOf(GetParam());
  for (const std::string_view set : AvailableInstructionSets()) {
    const MeanRun run = RunMean(request, GetParam(), columns, set);
    EXPECT_EQ(run.elements, elements) << set;
    EXPECT_EQ(run.result.nonfinite_kept, 2 * ((std::uint64_t{1} << (shape.precision - 1))));
    EXPECT_FALSE(run.result.fault.has_value());
  }
}

INSTANTIATE_TEST_SUITE_P(All, SixteenBits, testing::Values(DType::kFloat16, DType::kBFloat16),
                         [](const auto& parameters) {
                           return std::string(NameOf(parameters.param));
                         });

}  // namespace
}  // namespace polyak::test
