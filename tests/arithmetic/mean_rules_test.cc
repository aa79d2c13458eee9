// The rules that go beyond rounding: what is kept, what is a fault, NaN, infinities, zeros, and
// that nothing depends on where the elements lie.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "arithmetic/linear_mean.h"
#include "core/error.h"
#include "mean_run.h"

namespace polyak::test {
namespace {

using FaultKind = MeanFault::Kind;

class MeanRules : public testing::TestWithParam<std::tuple<DType, std::string_view>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  FloatShape shape() const { return ShapeOf(dtype()); }
  std::uint64_t Bits(double value) const { return BitsOf(dtype(), value); }

  MeanRun Run(const MeanRequest& request, const std::vector<Column>& columns) const {
    return RunMean(request, dtype(), columns, std::get<1>(GetParam()));
  }
  std::uint64_t Element(const MeanRequest& request, const Column& column) const {
    // In the middle of a run, so that vector kernels see it.
    std::vector<Column> columns(50, Column(column.size(), Bits(1.0)));
    columns[21] = column;
    const MeanRun run = Run(request, columns);
    EXPECT_FALSE(run.result.fault.has_value());
    return run.elements[21];
  }
};

TEST_P(MeanRules, EveryLengthAndAlignmentGivesTheSameElements) {
  Random random(5);
  for (const auto& weights : {std::vector{1.0, 1.0, 1.0}, std::vector{0.3, 0.5, -0.1}}) {
    const MeanRequest request{weights, true, true};
    std::vector<Column> all;
    while (all.size() < 70) {
      all.push_back(SampleKinds()[all.size() % SampleKinds().size()].make(random, dtype(), 3));
    }
    std::vector<std::uint64_t> expected;
    for (const Column& column : all) {
      expected.push_back(ExpectedMean(request, dtype(), column).bits);
    }
    for (std::size_t length = 0; length <= all.size(); ++length) {
      const std::vector<Column> columns(all.begin(), all.begin() + static_cast<int>(length));
      const MeanRun run = RunMean(request, dtype(), columns, std::get<1>(GetParam()), length % 8);
      expected.resize(all.size());
      EXPECT_TRUE(std::ranges::equal(run.elements, std::span(expected).first(length))) << length;
    }
  }
}

TEST_P(MeanRules, NothingIsWrittenBeyondTheEnd) {
  const std::vector<std::byte> input = Pack(dtype(), std::vector<std::uint64_t>(69, Bits(1.0)));
  const std::vector<const std::byte*> inputs(2, input.data());
  const LinearMean mean(std::vector{1.0, 2.0}, true, false, std::get<1>(GetParam()));
  for (std::size_t elements = 0; elements < 69; ++elements) {
    std::vector<std::byte> out(input.size(), std::byte{0xA5});
    mean.Apply(dtype(), inputs.data(), elements, out.data());
    const auto beyond = out.begin() + static_cast<int>(elements * shape().bytes);
    EXPECT_EQ(std::count(beyond, out.end(), std::byte{0xA5}), out.end() - beyond) << elements;
  }
}

TEST_P(MeanRules, IdenticalElementsAreKeptAndNonfiniteOnesCounted) {
  const std::uint64_t signalling = shape().infinity() | 1;
  const std::uint64_t payload = shape().quiet_nan() | shape().sign() | 5;
  std::vector<Column> columns(40, Column(3, Bits(0.75)));
  columns[3] = Column(3, signalling);
  columns[17] = Column(3, payload);
  columns[18] = Column(3, shape().infinity());
  columns[19] = Column(3, shape().sign());
  columns[38] = Column(3, shape().sign() | 1);
  for (const bool allow : {false, true}) {
    for (const auto& request :
         {MeanRequest{{0.1, 0.2, 0.3}, true, allow}, MeanRequest{{1.0, 1.0, 1.0}, true, allow},
          MeanRequest{{0.5, 1.5, -1.0}, false, allow}}) {
      const MeanRun run = Run(request, columns);
      EXPECT_FALSE(run.result.fault.has_value());
      EXPECT_EQ(run.result.nonfinite_kept, 3U);
      for (std::size_t i = 0; i < columns.size(); ++i) EXPECT_EQ(run.elements[i], columns[i][0]);
    }
  }
}

TEST_P(MeanRules, IdenticalNonfiniteElementsAreNotKeptWhereWeightsDontSumToOne) {
  std::vector<Column> columns(40, Column(2, Bits(0.5)));
  columns[30] = Column(2, shape().infinity());
  const MeanRun refused = Run({{0.5, 0.25}, false, false}, columns);
  EXPECT_EQ(refused.result.fault, (MeanFault{FaultKind::kNonfiniteInput, 0, 30}));
  columns[31] = Column(2, shape().quiet_nan() | 3);
  const MeanRun allowed = Run({{0.5, 0.25}, false, true}, columns);
  EXPECT_EQ(allowed.elements[30], shape().infinity());
  EXPECT_EQ(allowed.elements[31], shape().quiet_nan());
  EXPECT_EQ(allowed.result.nonfinite_kept, 0U);
}

TEST_P(MeanRules, AFaultNamesTheLowestElementAndThereTheFirstInput) {
  for (const auto& weights : {std::vector{1.0, 1.0, 1.0}, std::vector{0.3, 0.5, 0.1}}) {
    for (const std::size_t element : {0U, 5U, 13U, 600U, 1029U}) {
      std::vector<Column> columns(1030, Column{Bits(1.0), Bits(2.0), Bits(1.5)});
      columns[element] = {Bits(1.0), shape().quiet_nan() | 1, shape().infinity()};
      columns[1029][0] = element == 1029 ? Bits(1.0) : shape().infinity();
      const MeanRun run = Run({weights, true, false}, columns);
      EXPECT_EQ(run.result.fault, (MeanFault{FaultKind::kNonfiniteInput, 1, element}));
      const std::uint64_t before = ExpectedMean({weights, true, false}, dtype(), columns[1]).bits;
      for (std::size_t i = 0; i < element; ++i) EXPECT_EQ(run.elements[i], before);
    }
  }
}

TEST_P(MeanRules, NonfiniteElementsFollowIeeeRulesWhereAllowed) {
  const std::uint64_t up = shape().infinity();
  const std::uint64_t down = up | shape().sign();
  const std::uint64_t nan = shape().quiet_nan();
  const std::uint64_t one = Bits(1.0);
  for (const auto& weights : {std::vector{1.0, 1.0}, std::vector{0.3, 0.5}}) {
    const MeanRequest request{weights, true, true};
    EXPECT_EQ(Element(request, {up, one}), up);
    EXPECT_EQ(Element(request, {one, down}), down);
    EXPECT_EQ(Element(request, {up, down}), nan);
    EXPECT_EQ(Element(request, {one, nan | shape().sign() | 1}), nan);
    EXPECT_EQ(Element(request, {up, shape().infinity() | 1}), nan);
  }
  EXPECT_EQ(Element({{2.0, -1.0}, true, true}, {one, up}), down);
  EXPECT_EQ(Element({{-2.0, 1.0}, true, true}, {one, up}), down);
  EXPECT_EQ(Element({{-2.0, -1.0}, true, true}, {one, up}), up);
  EXPECT_EQ(Element({{-2.0, -1.0}, false, true}, {one, up}), down);
  EXPECT_EQ(Element({{2.0, -1.0}, true, true}, {up, up | 1}), nan);
}

TEST_P(MeanRules, AMeanThatOverflowsIsAFaultOrAnInfinity) {
  const std::uint64_t largest = shape().largest();
  std::vector<Column> columns(70, Column(2, Bits(1.0)));
  columns[33] = {largest, largest | shape().sign()};
  columns[65] = {largest | shape().sign(), largest};
  for (const auto& weights : {std::vector{2.0, -1.0}, std::vector{1.1, -0.2}}) {
    const MeanRun refused = Run({weights, true, false}, columns);
    EXPECT_EQ(refused.result.fault, (MeanFault{FaultKind::kOverflow, 0, 33}));
    const MeanRun allowed = Run({weights, true, true}, columns);
    EXPECT_EQ(allowed.elements[33], shape().infinity());
    EXPECT_EQ(allowed.elements[65], shape().infinity() | shape().sign());
  }
}

TEST_P(MeanRules, AFiniteMeanOfElementsWhoseSumOverflowsIsNoFault) {
  const std::uint64_t largest = shape().largest();
  EXPECT_EQ(Element({{1.0, 1.0, 1.0}, true, false}, {largest, largest, largest - 3}), largest - 1);
  EXPECT_EQ(Element({{3.0, -1.0}, true, false}, {largest - 1, largest - 1}), largest - 1);
}

TEST_P(MeanRules, AZeroIsMinusZeroOnlyWhereAllInputsAre) {
  const std::uint64_t minus = shape().sign();
  for (const auto& request :
       {MeanRequest{{1.0, 1.0}, true, false}, MeanRequest{{0.3, 0.5}, true, false},
        MeanRequest{{2.0, -1.0}, true, false}, MeanRequest{{0.3, -0.1}, true, false},
        MeanRequest{{-0.3, -0.1}, true, false}, MeanRequest{{-0.3, -0.1}, false, false},
        MeanRequest{{-1.0, -1.0}, false, false}, MeanRequest{{0.5, -2.0}, false, false}}) {
    EXPECT_EQ(Element(request, {minus, minus}), minus);
    EXPECT_EQ(Element(request, {minus, 0}), 0U);
    EXPECT_EQ(Element(request, {0, minus}), 0U);
    EXPECT_EQ(Element(request, {0, 0}), 0U);
  }
  EXPECT_EQ(Element({{1.0, 1.0}, true, false}, {Bits(-1.5), Bits(1.5)}), 0U);
  EXPECT_EQ(Element({{2.0, -1.0}, true, false}, {Bits(0.75), Bits(1.5)}), 0U);
}

TEST_P(MeanRules, ANegativeMeanThatUnderflowsIsMinusZero) {
  const std::uint64_t minus = shape().sign();
  EXPECT_EQ(Element({{1.0, 1.0}, true, false}, {minus | 1, 0}), minus);
  EXPECT_EQ(Element({{0.3, 1.1}, true, false}, {minus | 1, 0}), minus);
  EXPECT_EQ(Element({{0.3, 1.1}, true, false}, {1, minus}), 0U);
  EXPECT_EQ(Element({{3.0, -1.0}, true, false}, {0, 1}), minus);
}

TEST_P(MeanRules, OneInputIsCopied) {
  EXPECT_EQ(Element({{0.3}, true, false}, {Bits(-1.25)}), Bits(-1.25));
  EXPECT_EQ(Element({{-0.3}, true, false}, {shape().sign()}), shape().sign());
  EXPECT_EQ(Element({{-2.0}, false, false}, {Bits(1.25)}), Bits(-2.5));
}

INSTANTIATE_TEST_SUITE_P(All, MeanRules,
                         testing::Combine(testing::Values(DType::kFloat16, DType::kBFloat16,
                                                          DType::kFloat32, DType::kFloat64),
                                          testing::ValuesIn(AvailableInstructionSets())),
                         [](const auto& parameters) {
                           return std::string(NameOf(std::get<0>(parameters.param))) + "_" +
                                  std::string(std::get<1>(parameters.param));
                         });

TEST(InstructionSets, EndWithTheScalarOne) {
  EXPECT_EQ(AvailableInstructionSets().back(), "scalar");
}

TEST(InstructionSets, ForcedOnesTakeEffect) {
  const std::vector<double> weights = {1.0, 1.0};
  for (const std::string_view set : AvailableInstructionSets()) {
    EXPECT_EQ(LinearMean(weights, true, false, set).instruction_set(), set);
  }
  const LinearMean best(weights, true, false);
  EXPECT_EQ(best.instruction_set(), AvailableInstructionSets().front());
}

TEST(InstructionSets, UnknownOnesAreRefusedWithTheListOfKnownOnes) {
  try {
    const LinearMean mean(std::vector{1.0}, true, false, "mmx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "unknown instruction set 'mmx'");
    EXPECT_NE(error.hint().find("scalar"), std::string::npos);
  }
}

}  // namespace
}  // namespace polyak::test
