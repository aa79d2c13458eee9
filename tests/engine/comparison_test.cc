#include "engine/comparison.h"

#include <gtest/gtest.h>

#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::MakeTensor;

TEST(CompareKept, FindsTheFirstInputThatDiffers) {
  const std::string large(300000, 'x');
  std::string changed = large;
  changed[299999] = 'y';
  const auto make = [&](const std::string& path, const std::string& steps,
                        const std::string& table) {
    return FakeCheckpoint(path, {MakeTensor("w", DType::kFloat32, {1}),
                                 MakeTensor("steps", DType::kUInt8, {4}, steps),
                                 MakeTensor("table", DType::kUInt8, {3, 100000}, table)});
  };
  const FakeCheckpoint a = make("a", "1234", large);
  const FakeCheckpoint b = make("b", "1235", changed);
  const FakeCheckpoint c = make("c", "1235", large);
  const std::vector<const Checkpoint*> inputs = {&a, &b, &c};
  const Plan plan = MakePlan(inputs, {.template_index = 2});
  const auto differences = CompareKept(inputs, plan, 2, {});
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].tensor, 1U);
  EXPECT_EQ(differences[0].input, 0U);
  EXPECT_EQ(differences[1].tensor, 2U);
  EXPECT_EQ(differences[1].input, 1U);
}

TEST(CompareKept, ComparesStoredBytesWhereElementsHaveNoFixedSize) {
  const auto make = [](const std::string& path, const std::string& text) {
    auto strings = MakeTensor("s", DType::kString, {2});
    strings.payload = text;
    strings.info.stored_bytes = text.size();
    strings.info.unreadable = "no fixed size";
    return FakeCheckpoint(path, {MakeTensor("w", DType::kFloat32, {1}), strings});
  };
  const FakeCheckpoint a = make("a", "one two");
  const FakeCheckpoint b = make("b", "one two");
  const FakeCheckpoint c = make("c", "one twa");
  const std::vector<const Checkpoint*> same = {&a, &b};
  EXPECT_TRUE(CompareKept(same, MakePlan(same, {.template_index = 1}), 1, {}).empty());
  const std::vector<const Checkpoint*> other = {&c, &b};
  EXPECT_EQ(CompareKept(other, MakePlan(other, {.template_index = 1}), 1, {}).size(), 1U);
}

}  // namespace
}  // namespace polyak
