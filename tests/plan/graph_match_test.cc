// Tensors that are paired by their place in the graph, or by an alias.
#include <gmock/gmock.h>

#include "core/error.h"
#include "core/graph_shape.h"
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

std::vector<FakeTensor> Floats(const std::vector<std::string>& names) {
  std::vector<FakeTensor> tensors;
  for (const std::string& name : names) tensors.push_back(MakeTensor(name, DType::kFloat32, {2}));
  return tensors;
}

bool NeedsPartner(const TensorInfo&) { return true; }

MatchResult ByGraph(const FakeCheckpoint& input, const FakeCheckpoint& reference) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  return MatchByGraph(inputs, {.template_index = 1}, NeedsPartner);
}

Plan PlanOf(const FakeCheckpoint& input, const FakeCheckpoint& reference,
            PlanRequest request = {}) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  request.template_index = 1;
  return MakePlan(inputs, request);
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

TEST(MatchByGraph, PairsByTheOrderOfUse) {
  const FakeCheckpoint a("a", Floats({"w", "b", "c"}), GraphShape{{5, 6}, {2, 0, 1}, {}});
  const FakeCheckpoint b("b", Floats({"x", "y", "z"}), GraphShape{{5, 6}, {0, 1, 2}, {}});
  const MatchResult result = ByGraph(a, b);
  EXPECT_THAT(result.matches[0], ElementsAre(2, 0, 1));
  EXPECT_THAT(result.matches[1], ElementsAre(0, 1, 2));
  EXPECT_THAT(result.mismatches.list, IsEmpty());
}

TEST(MatchByGraph, PairsByNameWhatNoNodeUses) {
  const FakeCheckpoint a("a", Floats({"spare", "w", "other"}), GraphShape{{5}, {1}, {}});
  const FakeCheckpoint b("b", Floats({"v", "spare", "w"}), GraphShape{{5}, {0}, {}});
  const MatchResult result = ByGraph(a, b);
  EXPECT_THAT(result.matches[0], ElementsAre(1, 0, kNoTensor));
  ASSERT_EQ(result.mismatches.list.size(), 2U);
  EXPECT_EQ(result.mismatches.list[0].tensor, "w") << "the input's w has another place";
  EXPECT_EQ(result.mismatches.list[1].tensor, "other");
}

TEST(MatchByGraph, PassesOverNodesThatMakeAliases) {
  const FakeCheckpoint a("a", Floats({"w"}), GraphShape{{0, 5, 0, 6}, {0, 0}, {{"v", 0}}});
  const FakeCheckpoint b("b", Floats({"w", "v"}), GraphShape{{5, 6}, {0, 1}, {}});
  EXPECT_THAT(ByGraph(a, b).matches[0], ElementsAre(0, 0));
}

TEST(MatchByGraph, RefusesATemplateThatMergedWhatIsTwoElsewhere) {
  const FakeCheckpoint a("a", Floats({"w", "v"}), GraphShape{{5, 6}, {0, 1}, {}});
  const FakeCheckpoint b("b", Floats({"u"}), GraphShape{{0, 5, 6}, {0, 0}, {{"t", 0}}});
  const auto [text, hint] = Refusal([&] { ByGraph(a, b); });
  EXPECT_EQ(text, "a: v: is a tensor of its own here, but one with 'u' in the template b");
  EXPECT_THAT(hint, HasSubstr("--template"));
}

TEST(MatchByGraph, RefusesAnotherGraphAndSaysWhere) {
  const FakeCheckpoint a("a", Floats({"w"}), GraphShape{{5, 0, 7}, {0}, {}});
  const FakeCheckpoint b("b", Floats({"w"}), GraphShape{{5, 6}, {0}, {}});
  EXPECT_EQ(Refusal([&] { ByGraph(a, b); }).first,
            "a: its graph has another shape than the template's: its node 2 is node 1 in b");
  const FakeCheckpoint longer("a", Floats({"w"}), GraphShape{{5, 6, 7}, {0}, {}});
  EXPECT_THAT(Refusal([&] { ByGraph(longer, b); }).first,
              HasSubstr("b has nothing like its node 2"));
  EXPECT_THAT(Refusal([&] { ByGraph(b, longer); }).first,
              HasSubstr("it has nothing like node 2 of a"));
}

TEST(MatchByGraph, RefusesACheckpointWithoutAGraph) {
  const FakeCheckpoint a("a", Floats({"w"}));
  const FakeCheckpoint b("b", Floats({"w"}), GraphShape{{5}, {0}, {}});
  EXPECT_THAT(Refusal([&] { ByGraph(a, b); }).first, HasSubstr("a: has no graph"));
  EXPECT_THAT(Refusal([&] { ByGraph(b, a); }).first, HasSubstr("a: has no graph"));
}

TEST(MatchByName, FindsAnAliasOfTheInput) {
  const FakeCheckpoint a("a", Floats({"w"}), GraphShape{{0, 5}, {0}, {{"v", 0}}});
  const FakeCheckpoint b("b", Floats({"w", "v"}), GraphShape{{5}, {0, 1}, {}});
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  const MatchResult result = MatchByName(inputs, {.template_index = 1}, NeedsPartner);
  EXPECT_THAT(result.matches[0], ElementsAre(0, 0));
  EXPECT_THAT(result.mismatches.list, IsEmpty());
}

TEST(MatchByName, RefusesATemplateWhoseAliasIsATensorElsewhereEvenIfItMayBeMissing) {
  const FakeCheckpoint a("a", Floats({"w", "v"}), GraphShape{{5}, {0, 1}, {}});
  const FakeCheckpoint b("b", Floats({"w"}), GraphShape{{0, 5}, {0}, {{"v", 0}}});
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  for (const bool keep_missing : {false, true}) {
    const MatchRequest request{.template_index = 1, .keep_missing = keep_missing};
    EXPECT_EQ(Refusal([&] { MatchByName(inputs, request, NeedsPartner); }).first,
              "a: v: is a tensor of its own here, but one with 'w' in the template b");
  }
}

TEST(MakePlan, SaysThatTheGraphsAreTheSameWhereNamesAreNot) {
  const FakeCheckpoint a("a", Floats({"w"}), GraphShape{{5}, {0}, {}});
  const FakeCheckpoint b("b", Floats({"v"}), GraphShape{{5}, {0}, {}});
  EXPECT_THAT(Refusal([&] { PlanOf(a, b); }).second, HasSubstr("--match graph"));
  EXPECT_THAT(PlanOf(a, b, {.match = MatchBy::kGraph}).averaged, ElementsAre(0));
  const FakeCheckpoint other("a", Floats({"w"}), GraphShape{{6}, {0}, {}});
  EXPECT_THAT(Refusal([&] { PlanOf(other, b); }).second, Not(HasSubstr("--match")));
}

TEST(MakePlan, WarnsOnceOfGraphsThatDiffer) {
  const FakeCheckpoint a("a", Floats({"w"}), GraphShape{{5}, {0}, {}});
  const FakeCheckpoint b("b", Floats({"w"}), GraphShape{{6}, {0}, {}});
  const FakeCheckpoint c("c", Floats({"w"}), GraphShape{{7}, {0}, {}});
  const std::vector<const Checkpoint*> inputs = {&a, &b, &c};
  EXPECT_THAT(MakePlan(inputs, {.template_index = 2}).warnings,
              ElementsAre("a: its graph is not the template's: its node 0 has other "
                          "attributes or other inputs in c; 1 more differs, too"));
  EXPECT_THAT(PlanOf(a, a).warnings, IsEmpty());
}

TEST(MakePlan, WarnsOfNamesThatHaveMovedInTheSameGraph) {
  const FakeCheckpoint a("a", Floats({"w", "v"}), GraphShape{{5}, {1, 0}, {}});
  const FakeCheckpoint b("b", Floats({"w", "v"}), GraphShape{{5}, {0, 1}, {}});
  EXPECT_THAT(PlanOf(a, b).warnings,
              ElementsAre("a: w has another place in its graph than in the template's: --match "
                          "graph pairs tensors by their places"));
  EXPECT_THAT(PlanOf(a, b, {.match = MatchBy::kGraph}).warnings, IsEmpty());
}

}  // namespace
}  // namespace polyak
