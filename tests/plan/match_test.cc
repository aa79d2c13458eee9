#include "plan/match.h"

#include <gmock/gmock.h>

#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::MakeTensor;
using ::testing::ElementsAre;

bool IsNoState(const TensorInfo& tensor) { return tensor.role != Role::kOptimizerState; }

std::vector<Mismatch> MismatchesOf(const FakeCheckpoint& input, const FakeCheckpoint& reference) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  return MatchByName(inputs, {.template_index = 1}, IsNoState).mismatches.list;
}

TEST(MatchByName, PairsTensorsWhateverTheirOrder) {
  const FakeCheckpoint a(
      "a", {MakeTensor("x", DType::kFloat32, {2}), MakeTensor("y", DType::kFloat32, {3})});
  const FakeCheckpoint b(
      "b", {MakeTensor("y", DType::kFloat32, {3}), MakeTensor("x", DType::kFloat32, {2})});
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  const MatchResult result = MatchByName(inputs, {.template_index = 0}, IsNoState);
  EXPECT_THAT(result.matches[0], ElementsAre(0, 1));
  EXPECT_THAT(result.matches[1], ElementsAre(1, 0));
  EXPECT_THAT(result.strangers, ::testing::IsEmpty());
}

TEST(MatchByName, TellsWhatIsMissingAndWhatIsTooMuch) {
  const FakeCheckpoint a(
      "a", {MakeTensor("x", DType::kFloat32, {2}), MakeTensor("heads.bias", DType::kFloat32, {3})});
  const FakeCheckpoint b(
      "b", {MakeTensor("x", DType::kFloat32, {2}), MakeTensor("head.bias", DType::kFloat32, {3})});
  const std::vector<Mismatch> found = MismatchesOf(a, b);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, Mismatch::Kind::kOnlyInTemplate);
  EXPECT_EQ(found[0].tensor, "head.bias");
  EXPECT_EQ(found[0].expected, "[3] float32");
  EXPECT_EQ(found[0].similar, "heads.bias");
  EXPECT_THAT(found[0].inputs, ElementsAre(0));
  EXPECT_EQ(found[1].kind, Mismatch::Kind::kOnlyInInput);
  EXPECT_EQ(found[1].tensor, "heads.bias");
  EXPECT_EQ(found[1].similar, "head.bias");
}

TEST(MatchByName, TellsFoundAndExpectedShapeAndDType) {
  const FakeCheckpoint reference("m", {MakeTensor("w", DType::kFloat32, {2, 3})});
  const auto shape = MismatchesOf({"a", {MakeTensor("w", DType::kFloat32, {3, 2})}}, reference);
  ASSERT_EQ(shape.size(), 1U);
  EXPECT_EQ(shape[0].kind, Mismatch::Kind::kOtherShape);
  EXPECT_EQ(shape[0].found, "[3,2]");
  EXPECT_EQ(shape[0].expected, "[2,3]");
  const auto dtype = MismatchesOf({"a", {MakeTensor("w", DType::kFloat16, {2, 3})}}, reference);
  ASSERT_EQ(dtype.size(), 1U);
  EXPECT_EQ(dtype[0].kind, Mismatch::Kind::kOtherDType);
  EXPECT_EQ(dtype[0].found, "float16");
}

TEST(MatchByName, TellsADifferenceThatSeveralInputsHaveAlikeOnce) {
  const FakeCheckpoint same("m", {MakeTensor("w", DType::kFloat32, {2})});
  const FakeCheckpoint other("a", {MakeTensor("w", DType::kFloat32, {3})});
  const FakeCheckpoint third("b", {MakeTensor("w", DType::kFloat32, {4})});
  const std::vector<const Checkpoint*> inputs = {&other, &third, &other, &same};
  const MatchResult result = MatchByName(inputs, {.template_index = 3}, IsNoState);
  ASSERT_EQ(result.mismatches.list.size(), 2U);
  EXPECT_THAT(result.mismatches.list[0].inputs, ElementsAre(0, 2));
  EXPECT_THAT(result.mismatches.list[1].inputs, ElementsAre(1));
  EXPECT_THAT(result.strangers, ::testing::IsEmpty());
}

TEST(MatchByName, IgnoresWhatNeedsNoPartner) {
  auto moment = MakeTensor("optimizer/m", DType::kFloat32, {2});
  moment.info.role = Role::kOptimizerState;
  auto other_moment = MakeTensor("optimizer/v", DType::kFloat32, {9});
  other_moment.info.role = Role::kOptimizerState;
  EXPECT_TRUE(MismatchesOf({"a", {MakeTensor("x", DType::kFloat32, {2}), other_moment}},
                           {"b", {MakeTensor("x", DType::kFloat32, {2}), moment}})
                  .empty());
}

}  // namespace
}  // namespace polyak
