#include "plan/match.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::MakeTensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Mismatch(const FakeCheckpoint& input, const FakeCheckpoint& reference) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  try {
    MatchByName(inputs, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMismatch);
    return error.what();
  }
  return "";
}

TEST(MatchByName, PairsTensorsWhateverTheirOrder) {
  const FakeCheckpoint a(
      "a", {MakeTensor("x", DType::kFloat32, {2}), MakeTensor("y", DType::kFloat32, {3})});
  const FakeCheckpoint b(
      "b", {MakeTensor("y", DType::kFloat32, {3}), MakeTensor("x", DType::kFloat32, {2})});
  const std::vector<const Checkpoint*> inputs = {&a, &b};
  const Matches matches = MatchByName(inputs, 0);
  EXPECT_THAT(matches[0], ElementsAre(0, 1));
  EXPECT_THAT(matches[1], ElementsAre(1, 0));
}

TEST(MatchByName, NamesTheOneTensorThatIsMissing) {
  EXPECT_EQ(Mismatch({"dir/b.h5", {MakeTensor("x", DType::kFloat32, {2})}},
                     {"dir/model.onnx",
                      {MakeTensor("x", DType::kFloat32, {2}),
                       MakeTensor("head.bias", DType::kFloat32, {3})}}),
            "dir/b.h5: tensor 'head.bias' of model.onnx is missing");
}

TEST(MatchByName, TellsFoundAndExpectedShapeAndDType) {
  const FakeCheckpoint reference("m", {MakeTensor("w", DType::kFloat32, {2, 3})});
  EXPECT_EQ(Mismatch({"a", {MakeTensor("w", DType::kFloat32, {3, 2})}}, reference),
            "a: tensor 'w' has another shape than in m (found [3,2], expected [2,3])");
  EXPECT_EQ(Mismatch({"a", {MakeTensor("w", DType::kFloat16, {2, 3})}}, reference),
            "a: tensor 'w' has another dtype than in m (found float16, expected float32)");
}

TEST(MatchByName, TellsAllDifferencesInOneLineUpToAPoint) {
  std::vector<test::FakeTensor> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back(MakeTensor("t" + std::to_string(i), DType::kFloat32, {1}));
  }
  const std::string message =
      Mismatch({"a", {MakeTensor("extra", DType::kFloat32, {1})}}, {"m", std::move(many)});
  EXPECT_THAT(message, HasSubstr("a: 21 tensors don't match: tensor 't0' of m is missing; "));
  EXPECT_THAT(message, HasSubstr("and 15 more"));
}

TEST(MatchByName, IgnoresWhatIsTheTemplatesInAnyCase) {
  auto moment = MakeTensor("optimizer/m", DType::kFloat32, {2});
  moment.info.role = Role::kOptimizerState;
  auto other_moment = MakeTensor("optimizer/v", DType::kFloat32, {9});
  other_moment.info.role = Role::kOptimizerState;
  const FakeCheckpoint a("a", {MakeTensor("x", DType::kFloat32, {2}), other_moment});
  const FakeCheckpoint b("b", {MakeTensor("x", DType::kFloat32, {2}), moment});
  EXPECT_EQ(Mismatch(a, b), "");
}

}  // namespace
}  // namespace polyak
