// Promise 1: every element is the true weighted mean, rounded once. Every dtype, every instruction
// set, many kinds of weights and of inputs, against integers of any size.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "arithmetic/linear_mean.h"
#include "core/dtype.h"
#include "mean_run.h"
#include "sample_inputs.h"

namespace polyak::test {
namespace {

// 49 * fl(1 / 49) is not 1: a kernel that multiplies by the reciprocal gets ties wrong.
constexpr std::size_t kInputCounts[] = {1, 2, 3, 5, 8, 10, 49, 50, 300};

using DTypeAndWeights = std::tuple<DType, std::size_t>;

class ExactValues : public testing::TestWithParam<DTypeAndWeights> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  const WeightKind& weight_kind() const { return WeightKinds()[std::get<1>(GetParam())]; }

  // The true means are worked out once, for all instruction sets.
  void CheckAllInstructionSets(const MeanRequest& request, const std::vector<Column>& columns,
                               std::string_view sample_name) const {
    std::vector<std::uint64_t> expected;
    for (const Column& column : columns) {
      expected.push_back(ExpectedMean(request, dtype(), column).bits);
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      const MeanRun run = RunMean(request, dtype(), columns, set);
      ASSERT_FALSE(run.result.fault.has_value());
      for (std::size_t i = 0; i < columns.size(); ++i) {
        ASSERT_EQ(run.elements[i], expected[i])
            << set << ", " << sample_name << ", N=" << request.weights.size() << ", "
            << weight_kind().name << (request.normalised ? "" : ", not normalised") << ", inputs "
            << testing::PrintToString(columns[i]) << " weights "
            << testing::PrintToString(request.weights);
      }
    }
  }

  void CheckSamples(bool normalised, std::size_t input_count) const {
    Random random(input_count);
    for (const SampleKind& kind : SampleKinds()) {
      const int rounds = input_count < 20 ? 4 : 1;
      for (int round = 0; round < rounds; ++round) {
        MeanRequest request{weight_kind().make(random, input_count), normalised, true};
        std::vector<Column> columns;
        while (columns.size() < 21) columns.push_back(kind.make(random, dtype(), input_count));
        CheckAllInstructionSets(request, columns, kind.name);
      }
    }
  }
};

TEST_P(ExactValues, AreTheRoundedRationalMean) {
  for (const std::size_t input_count : kInputCounts) CheckSamples(true, input_count);
}

TEST_P(ExactValues, AreTheRoundedRationalSumWhereWeightsAreNotNormalised) {
  for (const std::size_t input_count : {1U, 2U, 3U, 8U, 50U}) CheckSamples(false, input_count);
}

std::string NameOfParameters(const testing::TestParamInfo<DTypeAndWeights>& info) {
  std::string name = std::string(NameOf(std::get<0>(info.param))) + "_" +
                     std::string(WeightKinds()[std::get<1>(info.param)].name);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ExactValues,
                         testing::Combine(testing::Values(DType::kFloat16, DType::kBFloat16,
                                                          DType::kFloat32, DType::kFloat64),
                                          testing::Range(std::size_t{0}, WeightKinds().size())),
                         NameOfParameters);

// Thousands of inputs, as a long run has.
TEST(ExactValuesOfManyInputs, AreTheRoundedRationalMean) {
  Random random(7);
  for (const DType dtype : {DType::kFloat16, DType::kFloat32, DType::kFloat64}) {
    const MeanRequest request{std::vector<double>(5000, 1.0), true, true};
    std::vector<Column> columns;
    for (const SampleKind& kind : SampleKinds()) {
      columns.push_back(kind.make(random, dtype, request.weights.size()));
    }
    for (const std::string_view set : AvailableInstructionSets()) {
      const MeanRun run = RunMean(request, dtype, columns, set);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        EXPECT_EQ(run.elements[i], ExpectedMean(request, dtype, columns[i]).bits) << set;
      }
    }
  }
}

// A product below the range of float64 is all that tells this sum from a tie.
TEST(ExactValuesOfDoubles, SeeProductsThatUnderflow) {
  const MeanRequest request{{1.0, 1.0, 0.3}, false, true};
  for (const std::uint64_t tiny : {std::uint64_t{1}, ShapeOf(DType::kFloat64).sign() | 1}) {
    const Column column = {BitsOf(DType::kFloat64, 1.0 + 0x1p-52 * (tiny > 1 ? 1 : 0)),
                           BitsOf(DType::kFloat64, 0x1p-53), tiny};
    for (const std::string_view set : AvailableInstructionSets()) {
      const MeanRun run = RunMean(request, DType::kFloat64, std::vector(9, column), set);
      EXPECT_EQ(run.elements[0], BitsOf(DType::kFloat64, 1.0 + 0x1p-52)) << set;
      EXPECT_EQ(run.elements[8], BitsOf(DType::kFloat64, 1.0 + 0x1p-52)) << set;
    }
  }
}

}  // namespace
}  // namespace polyak::test
