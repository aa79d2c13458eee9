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

Plan PlanOf(const std::vector<FakeTensor>& tensors) {
  const FakeCheckpoint a("a", tensors);
  const FakeCheckpoint b("b", tensors);
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  return MakePlan(inputs, 1);
}

std::string Refusal(const std::vector<FakeTensor>& first, const std::vector<FakeTensor>& second) {
  const FakeCheckpoint a("a", first);
  const FakeCheckpoint b("b", second);
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  try {
    MakePlan(inputs, 1);
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

}  // namespace
}  // namespace polyak
