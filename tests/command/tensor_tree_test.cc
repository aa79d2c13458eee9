#include "tensor_tree.h"

#include <gmock/gmock.h>

namespace polyak::command {
namespace {

using ::testing::ElementsAre;

std::vector<TensorInfo> Named(const std::vector<std::string>& names) {
  std::vector<TensorInfo> tensors;
  for (const std::string& name : names) {
    tensors.emplace_back();
    tensors.back().name = name;
    tensors.back().stored_bytes = 10;
  }
  return tensors;
}

std::vector<std::string> LinesOf(const std::vector<std::string>& names,
                                 std::string_view separators = "./") {
  const std::vector<TensorInfo> tensors = Named(names);
  TensorOrder order = OrderOf(tensors, "file");
  std::vector<std::string> lines;
  WalkTree(tensors, order, separators, [&](const TreeLine& line) {
    std::string text = line.label + std::string(line.name_part);
    if (line.tensor == nullptr) text += " " + std::to_string(line.totals.bytes);
    lines.push_back(text);
  });
  return lines;
}

TEST(TensorTree, GroupsByPartsInTheOrderOfTheFirst) {
  EXPECT_THAT(LinesOf({"z.a.w", "b.w", "z.a.b", "b.x.w", "b.x.b", "alone.in.here"}),
              ElementsAre("z.a. 20", "├─ w", "└─ b",    //
                          "b. 30", "├─ w", "└─ x. 20",  //
                          "   ├─ w", "   └─ b",         //
                          "alone.in.here"));
}

TEST(TensorTree, TakesOddNames) {
  EXPECT_THAT(LinesOf({}), ElementsAre());
  EXPECT_THAT(LinesOf({""}), ElementsAre(""));
  EXPECT_THAT(LinesOf({"a", "a.", "a.b", "..", "/x/y", "/x/z"}),
              ElementsAre("a", "a. 20", "├─ ", "└─ b", "..", "/x/ 20", "├─ y", "└─ z"));
}

TEST(TensorTree, OfDeepNamesIsShallow) {
  std::string deep;
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) {
    deep += "a.";
    names.push_back(deep + "w");
  }
  const std::vector<std::string> lines = LinesOf(names);
  EXPECT_LE(lines.size(), names.size() + 20);
  for (const std::string& line : lines) EXPECT_LT(line.find_first_of("aw"), 200U);
}

TEST(TensorTree, KeepsWhatIsNoSeparatorOfTheFormat) {
  EXPECT_THAT(LinesOf({"a.b/c", "a.b/d"}, "/"), ElementsAre("a.b/ 20", "├─ c", "└─ d"));
}

}  // namespace
}  // namespace polyak::command
