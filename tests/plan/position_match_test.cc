// Tensors that are paired by their place in the order of loading.
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "plan/match.h"
#include "plan/plan.h"
#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::FakeTensor;
using test::MakeTensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<FakeTensor> Floats(const std::vector<std::string>& names) {
  std::vector<FakeTensor> tensors;
  for (const std::string& name : names) tensors.push_back(MakeTensor(name, DType::kFloat32, {2}));
  return tensors;
}

FakeCheckpoint Ordered(std::string path, std::vector<FakeTensor> tensors,
                       std::vector<std::uint32_t> order) {
  CheckpointNotes notes;
  notes.loading_order = std::move(order);
  return {std::move(path), std::move(tensors), std::move(notes)};
}

bool NeedsPartner(const TensorInfo&) { return true; }

MatchResult ByPosition(const FakeCheckpoint& input, const FakeCheckpoint& reference) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  return MatchByPosition(inputs, {.template_index = 1}, NeedsPartner);
}

Plan PlanOf(const FakeCheckpoint& input, const FakeCheckpoint& reference, MatchBy match) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  return MakePlan(inputs, {.template_index = 1, .match = match});
}

// What the call throws: text, hint.
template <class Call>
std::pair<std::string, std::string> Refusal(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.what(), error.hint()};
  }
  return {};
}

TEST(MatchByPosition, PairsTheKthWithTheKthWhateverTheNames) {
  const FakeCheckpoint a = Ordered("a", Floats({"dense_1/b", "dense_1/k", "dense/k"}), {2, 1, 0});
  const FakeCheckpoint b = Ordered("b", Floats({"dense/k", "dense_1/k", "x"}), {1, 0, 2});
  const MatchResult result = ByPosition(a, b);
  EXPECT_THAT(result.matches[0], ElementsAre(1, 2, 0));
  EXPECT_THAT(result.matches[1], ElementsAre(0, 1, 2));
  EXPECT_THAT(result.mismatches.list, IsEmpty());
}

TEST(MatchByPosition, PairsByNameWhatIsNotInTheOrder) {
  const FakeCheckpoint a = Ordered("a", Floats({"rate", "w", "own"}), {1});
  const FakeCheckpoint b = Ordered("b", Floats({"v", "rate", "w"}), {0});
  const MatchResult result = ByPosition(a, b);
  EXPECT_THAT(result.matches[0], ElementsAre(1, 0, kNoTensor));
  ASSERT_EQ(result.mismatches.list.size(), 2U);
  EXPECT_EQ(result.mismatches.list[0].tensor, "w") << "the input's w has another place";
  EXPECT_EQ(result.mismatches.list[1].tensor, "own");
}

TEST(MatchByPosition, NamesBothTensorsWhereTheyDontFit) {
  const FakeCheckpoint a = Ordered("a", {MakeTensor("dense_9/k", DType::kFloat32, {3, 2})}, {0});
  const FakeCheckpoint b = Ordered("b", {MakeTensor("dense/k", DType::kFloat32, {2, 3})}, {0});
  const auto [text, hint] = Refusal([&] { PlanOf(a, b, MatchBy::kPosition); });
  EXPECT_EQ(text,
            "a: tensor 'dense_9/k' has another shape than 'dense/k' in b (found [3,2], expected "
            "[2,3])");
}

TEST(MatchByPosition, RefusesOrdersOfOtherLengths) {
  const FakeCheckpoint a = Ordered("a", Floats({"p", "q"}), {0, 1});
  const FakeCheckpoint b = Ordered("dir/b", Floats({"p"}), {0});
  EXPECT_EQ(Refusal([&] { ByPosition(a, b); }).first,
            "a: it loads another number of tensors than the template b (found 2, expected 1)");
}

TEST(MatchByPosition, RefusesACheckpointWithoutAnOrder) {
  const FakeCheckpoint a("a", Floats({"p"}));
  const FakeCheckpoint b = Ordered("b", Floats({"p"}), {0});
  const auto [text, hint] = Refusal([&] { ByPosition(a, b); });
  EXPECT_EQ(text, "a: does not say in which order its tensors are loaded");
  EXPECT_THAT(hint, HasSubstr("--match name"));
}

TEST(MakePlan, SuggestsMatchingByPositionWhereItWouldHelp) {
  const FakeCheckpoint a = Ordered("a", Floats({"dense_9/k", "dense_9/b"}), {0, 1});
  const FakeCheckpoint b = Ordered("b", Floats({"dense/b", "dense/k"}), {1, 0});
  EXPECT_THAT(Refusal([&] { PlanOf(a, b, MatchBy::kName); }).second, HasSubstr("--match position"));
  EXPECT_THAT(PlanOf(a, b, MatchBy::kPosition).averaged, ElementsAre(0, 1));
  const FakeCheckpoint other = Ordered(
      "c", {MakeTensor("x", DType::kFloat32, {7}), MakeTensor("y", DType::kFloat32, {2})}, {0, 1});
  EXPECT_THAT(Refusal([&] { PlanOf(other, b, MatchBy::kName); }).second,
              Not(HasSubstr("--match position")));
}

}  // namespace
}  // namespace polyak
