#include "engine/tensor_differences.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::FakeTensor;
using test::MakeTensor;

FakeTensor RandomTensor(const std::string& name, DType dtype, std::uint64_t elements,
                        std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string payload(elements * ElementBytes(dtype), '\0');
  for (char& byte : payload) byte = static_cast<char>(random() & 0x3f);
  return MakeTensor(name, dtype, {elements}, payload);
}

FakeTensor Unreadable(const std::string& name, const std::string& payload,
                      const std::string& storage = "odd") {
  FakeTensor tensor = MakeTensor(name, DType::kString, {2});
  tensor.payload = payload;
  tensor.info.stored_bytes = payload.size();
  tensor.info.unreadable = "for a test";
  tensor.info.storage = storage;
  return tensor;
}

TEST(PairTensors, ByNameInTheOrderOfAThenB) {
  const auto tensor = [](const std::string& name) { return MakeTensor(name, DType::kInt8, {1}); };
  const FakeCheckpoint a("a", {tensor("z"), tensor("only a"), tensor("c")});
  const FakeCheckpoint b("b", {tensor("only b"), tensor("c"), tensor("z"), tensor("also b")});
  const auto pairs = PairTensors(a, b);
  ASSERT_EQ(pairs.size(), 5U);
  EXPECT_EQ(pairs[0].a, 0U);
  EXPECT_EQ(pairs[0].b, 2U);
  EXPECT_EQ(pairs[1].b, kNoTensor);
  EXPECT_EQ(pairs[2].b, 1U);
  EXPECT_EQ(pairs[3].a, kNoTensor);
  EXPECT_EQ(pairs[3].b, 0U);
  EXPECT_EQ(pairs[4].b, 3U);
}

ComparedAs How(const FakeTensor& a, const FakeTensor& b) {
  return PairTensors(FakeCheckpoint("a", {a}), FakeCheckpoint("b", {b}))[0].compared_as;
}

TEST(PairTensors, DecidesHowTheyAreCompared) {
  const auto of = [](DType dtype, std::uint64_t count) { return MakeTensor("t", dtype, {count}); };
  EXPECT_EQ(How(of(DType::kFloat32, 3), of(DType::kFloat32, 3)), ComparedAs::kValues);
  EXPECT_EQ(How(of(DType::kFloat32, 3), of(DType::kBFloat16, 3)), ComparedAs::kValues);
  EXPECT_EQ(How(of(DType::kInt32, 3), of(DType::kInt32, 3)), ComparedAs::kValues);
  EXPECT_EQ(How(of(DType::kInt32, 3), of(DType::kInt64, 3)), ComparedAs::kNothing);
  EXPECT_EQ(How(of(DType::kInt32, 3), of(DType::kFloat32, 3)), ComparedAs::kNothing);
  EXPECT_EQ(How(of(DType::kFloat32, 3), of(DType::kFloat32, 4)), ComparedAs::kNothing);
  EXPECT_EQ(How(of(DType::kComplex64, 3), of(DType::kComplex64, 3)), ComparedAs::kValues);
  EXPECT_EQ(How(of(DType::kComplex64, 3), of(DType::kComplex128, 3)), ComparedAs::kValues);
  EXPECT_EQ(How(of(DType::kComplex64, 3), of(DType::kFloat32, 3)), ComparedAs::kNothing);
  EXPECT_EQ(How(of(DType::kFloat8, 3), of(DType::kFloat8, 3)), ComparedAs::kElements);
  EXPECT_EQ(How(Unreadable("t", "x"), Unreadable("t", "y")), ComparedAs::kStored);
  EXPECT_EQ(How(Unreadable("t", "x"), Unreadable("t", "y", "other")), ComparedAs::kNothing);
  EXPECT_EQ(How(Unreadable("t", ""), Unreadable("t", "")), ComparedAs::kNothing);
}

TEST(TensorDifferences, DontDependOnWorkersOrTiles) {
  const std::vector<std::pair<DType, DType>> dtypes = {
      {DType::kFloat32, DType::kFloat32},      {DType::kFloat16, DType::kFloat64},
      {DType::kBFloat16, DType::kFloat32},     {DType::kInt16, DType::kInt16},
      {DType::kComplex64, DType::kComplex128}, {DType::kFloat8, DType::kFloat8}};
  std::vector<FakeTensor> in_a;
  std::vector<FakeTensor> in_b;
  for (std::uint32_t i = 0; i < dtypes.size(); ++i) {
    for (const std::uint64_t elements : {1U, 5000U, 300001U}) {
      const std::string name = std::to_string(i) + " of " + std::to_string(elements);
      in_a.push_back(RandomTensor(name, dtypes[i].first, elements, i));
      in_b.push_back(RandomTensor(name, dtypes[i].second, elements, i + 100));
    }
  }
  const FakeCheckpoint a("a", in_a);
  const FakeCheckpoint b("b", in_b);
  const auto pairs = PairTensors(a, b);
  const auto expected = DifferencesOf(a, b, pairs, {.workers = 1}, {});
  for (const ElementDifferences& found : expected) EXPECT_GT(found.differing, 0U);
  for (const std::size_t workers : {1U, 3U}) {
    for (const std::uint64_t tile_bytes : {4096U, 131072U}) {
      const auto found =
          DifferencesOf(a, b, pairs, {.workers = workers, .tile_bytes = tile_bytes}, {});
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        EXPECT_EQ(found[i].differing, expected[i].differing);
        EXPECT_EQ(found[i].max_difference, expected[i].max_difference);
        EXPECT_EQ(found[i].max_ulps, expected[i].max_ulps);
        EXPECT_EQ(std::bit_cast<std::uint64_t>(found[i].products),
                  std::bit_cast<std::uint64_t>(expected[i].products));
        EXPECT_EQ(std::bit_cast<std::uint64_t>(found[i].squared_differences),
                  std::bit_cast<std::uint64_t>(expected[i].squared_differences));
      }
    }
  }
}

TEST(TensorDifferences, FindTheLastByteOfWhatIsOnlyStored) {
  std::string text(600001, 'x');
  const FakeCheckpoint a("a", {Unreadable("s", text)});
  const auto differing = [&a](const std::string& other) {
    const FakeCheckpoint b("b", {Unreadable("s", other)});
    return DifferencesOf(a, b, PairTensors(a, b), {}, {})[0].differing;
  };
  EXPECT_EQ(differing(text), 0U);
  EXPECT_GT(differing(text + "x"), 0U);
  text.back() = 'y';
  EXPECT_GT(differing(text), 0U);
}

TEST(TensorDifferences, CountElementsThatAreNoNumbers) {
  const auto tensor = [](const std::string& payload) {
    FakeTensor opaque = MakeTensor("c", DType::kOpaque, {3});
    opaque.info.element_bytes = 8;
    opaque.info.stored_bytes = payload.size();
    opaque.payload = payload;
    return opaque;
  };
  const FakeCheckpoint a("a", {tensor(std::string(24, 'a'))});
  std::string changed(24, 'a');
  changed[0] = 'b';
  changed[23] = 'b';
  const FakeCheckpoint b("b", {tensor(changed)});
  EXPECT_EQ(DifferencesOf(a, b, PairTensors(a, b), {}, {})[0].differing, 2U);
}

TEST(TensorDifferences, OfComplexNumbersAreThoseOfTheirParts) {
  const std::uint64_t elements = 40001;
  const auto both = [&](std::uint32_t seed) {
    FakeTensor parts = RandomTensor("parts", DType::kFloat64, 2 * elements, seed);
    return std::vector{MakeTensor("complex", DType::kComplex128, {elements}, parts.payload), parts};
  };
  const FakeCheckpoint a("a", both(1));
  const FakeCheckpoint b("b", both(2));
  const auto found = DifferencesOf(a, b, PairTensors(a, b), {.tile_bytes = 4096}, {});
  EXPECT_GT(found[0].differing, 0U);
  EXPECT_EQ(found[0].differing, found[1].differing);
  EXPECT_EQ(found[0].max_difference, found[1].max_difference);
  EXPECT_EQ(found[0].max_ulps, found[1].max_ulps);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(found[0].products),
            std::bit_cast<std::uint64_t>(found[1].products));
}

}  // namespace
}  // namespace polyak
