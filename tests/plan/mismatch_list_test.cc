#include "plan/mismatch_list.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "plan/match.h"
#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::FakeTensor;
using test::MakeTensor;

Error ErrorAbout(const FakeCheckpoint& input, const FakeCheckpoint& reference) {
  const std::vector<const Checkpoint*> inputs = {&input, &reference};
  MatchResult result =
      MatchByName(inputs, {.template_index = 1}, [](const TensorInfo&) { return true; });
  return MismatchError(std::move(result.mismatches), result.strangers);
}

std::vector<FakeTensor> Floats(const std::vector<std::string>& names) {
  std::vector<FakeTensor> tensors;
  for (const std::string& name : names) tensors.push_back(MakeTensor(name, DType::kFloat32, {2}));
  return tensors;
}

TEST(MismatchError, NamesTheOneTensorThatIsMissing) {
  const Error error =
      ErrorAbout({"dir/b.h5", Floats({"x"})}, {"dir/model.onnx", Floats({"x", "head.bias"})});
  EXPECT_EQ(error.kind(), ErrorKind::kMismatch);
  EXPECT_STREQ(error.what(), "dir/b.h5: tensor 'head.bias' of model.onnx is missing");
  EXPECT_THAT(error.hint(), ::testing::HasSubstr("--missing keep"));
}

TEST(MismatchError, TellsFoundAndExpected) {
  EXPECT_STREQ(ErrorAbout({"a", {MakeTensor("w", DType::kFloat32, {3, 2})}},
                          {"m", {MakeTensor("w", DType::kFloat32, {2, 3})}})
                   .what(),
               "a: tensor 'w' has another shape than in m (found [3,2], expected [2,3])");
}

TEST(MismatchError, CountsSeveralAndCarriesThemAll) {
  const Error error = ErrorAbout({"a", Floats({"x", "p"})}, {"m", Floats({"x", "q", "r"})});
  EXPECT_STREQ(error.what(), "a: 3 tensors don't match those of the template m");
  ASSERT_NE(error.mismatches(), nullptr);
  EXPECT_EQ(error.mismatches()->list.size(), 3U);
}

TEST(MismatchError, CountsOneThatSeveralLackAsOne) {
  const FakeCheckpoint a{"a", Floats({"x"})};
  const FakeCheckpoint b{"b", Floats({"x"})};
  const FakeCheckpoint reference{"m", Floats({"x", "y"})};
  const std::vector<const Checkpoint*> inputs = {&a, &b, &reference};
  MatchResult result =
      MatchByName(inputs, {.template_index = 2}, [](const TensorInfo&) { return true; });
  EXPECT_STREQ(MismatchError(std::move(result.mismatches), result.strangers).what(),
               "1 tensor doesn't match those of the template m");
}

TEST(MismatchError, TellsFilesOfOneNameApart) {
  EXPECT_STREQ(ErrorAbout({"runs/a/model.h5", Floats({"x"})},
                          {"runs/b/model.h5", Floats({"x", "head.bias"})})
                   .what(),
               "runs/a/model.h5: tensor 'head.bias' of b/model.h5 is missing");
  EXPECT_STREQ(
      ErrorAbout({"run1/m.h5", Floats({"x"})}, {"run12/m.h5", Floats({"x", "head.bias"})}).what(),
      "run1/m.h5: tensor 'head.bias' of run12/m.h5 is missing");
  EXPECT_STREQ(ErrorAbout({"/m.h5", Floats({"x"})}, {"/n.h5", Floats({"x", "y"})}).what(),
               "/m.h5: tensor 'y' of n.h5 is missing");
}

TEST(MismatchError, HintsAtWhatMissingKeepDoesOnThatSide) {
  EXPECT_THAT(ErrorAbout({"a", Floats({"x"})}, {"m", Floats({"x", "y"})}).hint(),
              ::testing::HasSubstr("keeps the template's value"));
  EXPECT_THAT(ErrorAbout({"a", Floats({"x", "y"})}, {"m", Floats({"x"})}).hint(),
              ::testing::HasSubstr("leaves out what the template doesn't have"));
}

TEST(MismatchError, AsksWhetherItIsTheSameModelWhereNoNameIsShared) {
  const FakeCheckpoint a{"a", Floats({"x", "y"})};
  const FakeCheckpoint b{"b", Floats({"p", "q"})};
  const FakeCheckpoint reference{"m", Floats({"x", "y"})};
  const std::vector<const Checkpoint*> inputs = {&a, &b, &reference};
  MatchResult result =
      MatchByName(inputs, {.template_index = 2}, [](const TensorInfo&) { return true; });
  EXPECT_EQ(MismatchError(std::move(result.mismatches), result.strangers).hint(),
            "no tensor of b has a name that the template has: is it the same model?");
  EXPECT_THAT(ErrorAbout({"a", {MakeTensor("w", DType::kFloat32, {3})}},
                         {"m", {MakeTensor("w", DType::kFloat32, {2})}})
                  .hint(),
              ::testing::HasSubstr("--exclude"));
}

std::string SimilarTo(const std::string& name, const Error& error) {
  const std::vector<Mismatch>& list = error.mismatches()->list;
  const auto found = std::ranges::find(list, name, &Mismatch::tensor);
  return found == list.end() ? "not listed" : found->similar;
}

TEST(MismatchError, SuggestsTensorsOfTheSameShapeAndDTypeFirst) {
  const FakeCheckpoint reference{"m",
                                 {MakeTensor("head.weight", DType::kFloat32, {2}),
                                  MakeTensor("bead.weight", DType::kFloat32, {9})}};
  const FakeCheckpoint input{"a",
                             {MakeTensor("head.weights", DType::kFloat32, {3}),
                              MakeTensor("heads.weighty", DType::kFloat32, {2}),
                              MakeTensor("head.weighs", DType::kFloat16, {2})}};
  const Error error = ErrorAbout(input, reference);
  EXPECT_EQ(SimilarTo("head.weight", error), "heads.weighty");  // two edits, not one
  EXPECT_EQ(SimilarTo("heads.weighty", error), "head.weight");
  // None of their shape and dtype is near.
  EXPECT_EQ(SimilarTo("bead.weight", error), "head.weights");
  EXPECT_EQ(SimilarTo("head.weights", error), "head.weight");
  EXPECT_EQ(SimilarTo("head.weighs", error), "head.weight");
}

TEST(MismatchError, SuggestsForBothSidesHoweverManyTheOneHas) {
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back("layer" + std::to_string(1000 + i));
  const Error error = ErrorAbout({"a", Floats({"x", "layer1000s"})}, {"m", Floats(names)});
  EXPECT_EQ(SimilarTo("layer1000s", error), "layer1000");
  EXPECT_EQ(SimilarTo("layer1000", error), "layer1000s");
  EXPECT_EQ(SimilarTo("layer1019", error), "layer1000s");
  EXPECT_EQ(SimilarTo("layer1020", error), "");
}

TEST(MismatchError, SeesThatAPrefixIsAllThatSetsNamesApart) {
  EXPECT_EQ(ErrorAbout({"a", Floats({"module.x", "module.y"})}, {"m", Floats({"x", "y"})}).hint(),
            "their names begin with 'module.', which the template's don't");
  EXPECT_EQ(ErrorAbout({"a", Floats({"x", "y"})}, {"m", Floats({"m/x", "m/y"})}).hint(),
            "the template's names begin with 'm/', which theirs don't");
  EXPECT_EQ(ErrorAbout({"a", Floats({"x", "y"})}, {"m", Floats({"m/x", "n/y"})}).hint(),
            "no tensor has the same name in both: are these the same model?");
}

}  // namespace
}  // namespace polyak
