// Promise 1 in bulk: a million elements per dtype on every instruction set, and the quick oracle
// that makes it possible.

#include <gtest/gtest.h>

#include "exactness_batch.h"
#include "midpoint_oracle.h"

namespace polyak::test {
namespace {

constexpr DType kDTypes[] = {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64};

class Exactness : public testing::TestWithParam<DType> {};

TEST_P(Exactness, OfAMillionElementsIsThatOfExactArithmetic) {
  Random random(11);
  for (std::size_t done = 0; done < 1'000'000; done += kBatchElements) {
    const auto difference = CheckBatch(GetParam(), random);
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

TEST_P(Exactness, IsToldByTheMidpointsAsByRationalNumbers) {
  Random random(12);
  for (int round = 0; round < 400; ++round) {
    const std::size_t input_count = 2 + random() % 9;
    const MeanRequest request{
        WeightKinds()[random() % WeightKinds().size()].make(random, input_count), random() % 4 != 0,
        true};
    const MidpointOracle oracle(request);
    for (const SampleKind& kind : SampleKinds()) {
      const Column column = kind.make(random, GetParam(), input_count);
      const std::uint64_t mean = ExpectedMean(request, GetParam(), column).bits;
      EXPECT_TRUE(oracle.IsMean(GetParam(), column, mean)) << kind.name;
      EXPECT_FALSE(oracle.IsMean(GetParam(), column, mean + 1)) << kind.name;
      EXPECT_FALSE(oracle.IsMean(GetParam(), column, mean - 1)) << kind.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Exactness, testing::ValuesIn(kDTypes), [](const auto& parameters) {
  return std::string(NameOf(parameters.param));
});

}  // namespace
}  // namespace polyak::test
