#include "plan/plan.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::FakeTensor;
using test::MakeTensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FakeTensor WithRole(FakeTensor tensor, Role role) {
  tensor.info.role = role;
  return tensor;
}

FakeTensor Unreadable(FakeTensor tensor, std::string why) {
  tensor.info.unreadable = std::move(why);
  return tensor;
}

Plan PlanOf(const std::vector<FakeTensor>& first, const std::vector<FakeTensor>& second,
            PlanRequest request = {}) {
  const FakeCheckpoint a("a", first);
  const FakeCheckpoint b("b", second);
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  request.template_index = 1;
  return MakePlan(inputs, request);
}

Plan PlanOf(const std::vector<FakeTensor>& tensors, const PlanRequest& request = {}) {
  return PlanOf(tensors, tensors, request);
}

// What each tensor gets, and the rule: "average (parameter)".
std::vector<std::string> DecisionsOf(const Plan& plan) {
  std::vector<std::string> decisions;
  for (const TensorPlan& tensor : plan.tensors) {
    decisions.push_back((tensor.action == Action::kAverage ? "average (" : "keep (") +
                        plan.rules[tensor.rule] + ")");
  }
  return decisions;
}

std::string Refusal(const std::vector<FakeTensor>& first, const std::vector<FakeTensor>& second,
                    const PlanRequest& request = {}) {
  try {
    PlanOf(first, second, request);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(MakePlan, DecidesByDTypeAndRole) {
  const Plan plan =
      PlanOf({MakeTensor("w", DType::kFloat16, {2}), MakeTensor("steps", DType::kInt64, {1}),
              WithRole(MakeTensor("scale", DType::kFloat32, {}), Role::kConstant),
              WithRole(MakeTensor("m", DType::kFloat32, {2}), Role::kOptimizerState),
              MakeTensor("none", DType::kFloat32, {0}), MakeTensor("b", DType::kFloat64, {})});
  std::vector<Action> actions;
  for (const TensorPlan& tensor : plan.tensors) actions.push_back(tensor.action);
  EXPECT_THAT(actions, ElementsAre(Action::kAverage, Action::kKeepAndWarn, Action::kRequireEqual,
                                   Action::kKeep, Action::kKeep, Action::kAverage));
  EXPECT_THAT(plan.averaged, ElementsAre(0, 5));
  EXPECT_EQ(plan.averaged_elements, 3U);
  EXPECT_EQ(plan.averaged_bytes, 2U * 2 + 8);
}

TEST(MakePlan, RefusesWhenThereIsNothingToAverage) {
  const std::vector<FakeTensor> tensors = {MakeTensor("steps", DType::kInt64, {1})};
  EXPECT_THAT(Refusal(tensors, tensors), HasSubstr("b: nothing to average"));
}

TEST(MakePlan, RefusesAnUnreadableTensorOnlyWhereItIsNeeded) {
  const FakeTensor weight = MakeTensor("w", DType::kFloat32, {2});
  const FakeTensor chunked = Unreadable(weight, "chunked storage is not supported yet");
  EXPECT_EQ(Refusal({chunked}, {weight}), "a: w: chunked storage is not supported yet");
  EXPECT_EQ(Refusal({weight}, {chunked}), "b: w: chunked storage is not supported yet");
  const FakeTensor text = Unreadable(MakeTensor("s", DType::kString, {2}), "no fixed size");
  EXPECT_EQ(Refusal({weight, text}, {weight, text}), "");
  const FakeTensor state =
      WithRole(Unreadable(MakeTensor("m", DType::kFloat32, {2}), "chunked"), Role::kOptimizerState);
  EXPECT_EQ(Refusal({weight, state}, {weight, state}), "");
}

TEST(MakePlan, AveragesAPayloadWithTwoNamesOnce) {
  FakeTensor first = MakeTensor("tied", DType::kFloat32, {2});
  FakeTensor second = MakeTensor("also", DType::kFloat32, {2});
  first.payload_id = second.payload_id = 7;
  const Plan plan = PlanOf({first, second});
  EXPECT_THAT(plan.averaged, ElementsAre(0));
  EXPECT_EQ(plan.tensors[1].same_as, 0U);
  EXPECT_EQ(plan.averaged_elements, 2U);
}

TEST(MakePlan, RefusesAPayloadThatIsOneInTheTemplateAndTwoElsewhere) {
  FakeTensor first = MakeTensor("tied", DType::kFloat32, {2});
  FakeTensor second = MakeTensor("also", DType::kFloat32, {2});
  const std::vector<FakeTensor> apart = {first, second};
  first.payload_id = second.payload_id = 7;
  EXPECT_THAT(Refusal(apart, {first, second}), HasSubstr("a: also: is a tensor of its own here"));
  EXPECT_EQ(Refusal({first, second}, apart), "");
}

const FakeTensor kBody = MakeTensor("body.w", DType::kFloat32, {2});
const FakeTensor kHead = MakeTensor("head.w", DType::kFloat32, {3});
const FakeTensor kOtherHead = MakeTensor("head.w", DType::kFloat32, {4});
const FakeTensor kMoment =
    WithRole(MakeTensor("opt.m", DType::kFloat32, {2}), Role::kOptimizerState);

TEST(MakePlan, AveragesOnlyWhatIsIncludedAndSaysWhichRuleSaidSo) {
  const Plan plan =
      PlanOf({kBody, kHead, kMoment}, {.selection = {.include = {"head.*", "opt.?"}}});
  EXPECT_THAT(DecisionsOf(plan),
              ElementsAre("keep (not in --include)", "average (--include 'head.*')",
                          "average (--include 'opt.?')"));
}

TEST(MakePlan, KeepsWhatIsExcludedWhateverTheOthersHave) {
  const Selection no_head = {.include = {"*"}, .exclude = {"[gh]ead.*"}};
  const Plan plan = PlanOf({kBody, kOtherHead}, {kBody, kHead}, {.selection = no_head});
  EXPECT_THAT(DecisionsOf(plan),
              ElementsAre("average (--include '*')", "keep (--exclude '[gh]ead.*')"));
  EXPECT_EQ(PlanOf({kBody}, {kBody, kHead}, {.selection = no_head}).averaged.size(), 1U)
      << "excluded and missing in an input";
  EXPECT_EQ(PlanOf({kBody, kHead}, {kBody}, {.selection = no_head}).averaged.size(), 1U)
      << "excluded and missing in the template";
}

TEST(MakePlan, RefusesAPatternThatMatchesNothing) {
  EXPECT_THAT(Refusal({kBody}, {kBody}, {.selection = {.exclude = {"had.*"}}}),
              HasSubstr("--exclude 'had.*' matches no tensor"));
  EXPECT_THAT(Refusal({kBody}, {kBody}, {.selection = {.include = {"*", "x"}}}),
              HasSubstr("--include 'x' matches no tensor"));
}

TEST(MakePlan, ConstantsAreNeverAveragedEvenWhenIncluded) {
  const FakeTensor constant = WithRole(kHead, Role::kConstant);
  const Plan plan = PlanOf({kBody, constant}, {.selection = {.include = {"*"}}});
  EXPECT_EQ(plan.tensors[1].action, Action::kRequireEqual);
}

TEST(MakePlan, KeepsWhatIsMissingElsewhereWhenToldTo) {
  const PlanRequest keep = {.missing = MissingTensors::kKeep};
  EXPECT_THAT(Refusal({kBody}, {kBody, kHead}), HasSubstr("is missing"));
  EXPECT_THAT(DecisionsOf(PlanOf({kBody}, {kBody, kHead}, keep)),
              ElementsAre("average (parameter)", "keep (missing in a)"));
  const Plan extra = PlanOf({kBody, kHead, kMoment}, {kBody}, keep);
  EXPECT_THAT(extra.warnings,
              ElementsAre("a: a tensor is left out, since the template hasn't got it: head.w"));
  EXPECT_THAT(Refusal({kBody, kOtherHead}, {kBody, kHead}, keep), HasSubstr("another shape"))
      << "another shape is not missing";
}

TEST(MakePlan, RefusesToKeepUnderOneNameWhatIsAveragedUnderAnother) {
  FakeTensor first = MakeTensor("tied", DType::kFloat32, {2});
  FakeTensor second = MakeTensor("also", DType::kFloat32, {2});
  first.payload_id = second.payload_id = 7;
  EXPECT_THAT(Refusal({first, second}, {first, second}, {.selection = {.exclude = {"also"}}}),
              HasSubstr("b: also: is to be kept (--exclude 'also'), but shares its data with "
                        "'tied', which is averaged"));
}

FakeTensor Quantized(const std::string& name) {
  FakeTensor tensor = WithRole(MakeTensor(name, DType::kInt8, {2}), Role::kQuantized);
  tensor.info.use = "DequantizeLinear";
  return tensor;
}

TEST(MakePlan, RefusesQuantizedTensorsUnlessAllAreExcluded) {
  const std::vector<FakeTensor> tensors = {MakeTensor("w", DType::kFloat32, {2}), Quantized("q"),
                                           Quantized("s")};
  EXPECT_EQ(Refusal(tensors, tensors),
            "a: q: is quantized (DequantizeLinear), and so is 1 more "
            "tensor");
  EXPECT_THAT(Refusal({tensors[0]}, tensors), HasSubstr("b: q: is quantized"));
  EXPECT_THAT(
      DecisionsOf(PlanOf(tensors, {.selection = {.exclude = {"[qs]"}}})),
      ElementsAre("average (parameter)", "keep (--exclude '[qs]')", "keep (--exclude '[qs]')"));
}

TEST(MakePlan, KeepsQuantizedTensorsWithOneWarningIfAsked) {
  const std::vector<FakeTensor> tensors = {MakeTensor("w", DType::kFloat32, {2}), Quantized("q"),
                                           Quantized("s")};
  const Plan plan = PlanOf({tensors[0]}, tensors, {.quantized = QuantizedTensors::kKeep});
  EXPECT_THAT(DecisionsOf(plan),
              ElementsAre("average (parameter)", "keep (quantized)", "keep (quantized)"));
  EXPECT_THAT(plan.warnings, ElementsAre("2 quantized tensors are kept from the template"));
}

TEST(MakePlan, RequiresWeightsThatAreNoFloatsToBeEqual) {
  FakeTensor weight = WithRole(MakeTensor("w", DType::kInt8, {2}), Role::kParameter);
  weight.info.use = "matrix weight";
  const FakeTensor eight = WithRole(MakeTensor("f8", DType::kFloat8, {2}), Role::kParameter);
  const Plan plan = PlanOf({weight, eight, MakeTensor("v", DType::kFloat32, {2})});
  EXPECT_EQ(plan.tensors[0].action, Action::kRequireEqual);
  EXPECT_EQ(plan.rules[plan.tensors[0].rule], "matrix weight, not a float");
  EXPECT_EQ(plan.tensors[1].action, Action::kRequireEqual);
  EXPECT_EQ(plan.tensors[2].action, Action::kAverage);
}

TEST(MakePlan, TellsTheUseThatDecided) {
  FakeTensor weight = MakeTensor("w", DType::kFloat32, {2});
  weight.info.use = "convolution weight";
  FakeTensor bound = WithRole(MakeTensor("b", DType::kFloat32, {}), Role::kConstant);
  bound.info.use = "Clip's bound";
  EXPECT_THAT(DecisionsOf(PlanOf({weight, bound})),
              ElementsAre("average (convolution weight)", "keep (Clip's bound)"));
}

// What a tensor of that role gets.
TensorPlan PlanOfRole(Role role, DType dtype, const Selection& selection = {}) {
  const auto make = [&] {
    FakeTensor state = MakeTensor("s", dtype, {2});
    state.info.role = role;
    return std::vector<FakeTensor>{MakeTensor("w", DType::kFloat32, {2}), state};
  };
  const FakeCheckpoint a("a", make());
  const FakeCheckpoint b("b", make());
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  return MakePlan(inputs, {.template_index = 1, .selection = selection}).tensors[1];
}

TEST(MakePlan, KeepsWhatBelongsToTheTrainingRunEvenIfItIsAFloat) {
  EXPECT_EQ(PlanOfRole(Role::kMetric, DType::kFloat32).action, Action::kKeep);
  EXPECT_EQ(PlanOfRole(Role::kOptimizerState, DType::kFloat32).action, Action::kKeep);
  EXPECT_EQ(PlanOfRole(Role::kCounter, DType::kFloat32).action, Action::kKeepAndWarn);
  EXPECT_EQ(PlanOfRole(Role::kSeed, DType::kUInt32).action, Action::kKeepAndWarn);
  const Selection all{.include = {"*"}, .exclude = {}};
  EXPECT_EQ(PlanOfRole(Role::kMetric, DType::kFloat32, all).action, Action::kAverage);
  EXPECT_EQ(PlanOfRole(Role::kSeed, DType::kUInt32, all).action, Action::kKeepAndWarn);
}

}  // namespace
}  // namespace polyak
