#include "report/mismatch_text.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace polyak {
namespace {

using ::testing::HasSubstr;
using Kind = Mismatch::Kind;

Mismatches Some(std::vector<Mismatch> list, std::size_t inputs = 3) {
  Mismatches mismatches;
  for (std::size_t k = 0; k < inputs; ++k) {
    mismatches.inputs.push_back("run/" + std::to_string(k) + ".h5");
  }
  mismatches.template_index = inputs - 1;
  mismatches.list = std::move(list);
  return mismatches;
}

TEST(MismatchText, GroupsByKindAndInputs) {
  EXPECT_EQ(
      MismatchText(Some(
          {{.kind = Kind::kOnlyInTemplate,
            .tensor = "head",
            .expected = "[1] float32",
            .inputs = {0, 1},
            .similar = "heads"},
           {.kind = Kind::kOnlyInInput, .tensor = "heads", .found = "[1] float32", .inputs = {1}},
           {.kind = Kind::kOtherShape,
            .tensor = "w",
            .found = "[2]",
            .expected = "[3]",
            .inputs = {0}},
           {.kind = Kind::kOtherShape,
            .tensor = "v",
            .found = "[2]",
            .expected = "[4]",
            .inputs = {0}}})),
      "  only in 2.h5, missing in all 2 others:\n"
      "    head  [1] float32  (like heads?)\n"
      "  only in 1.h5:\n"
      "    heads  [1] float32\n"
      "  other shape in 0.h5:\n"
      "    w  [2], expected [3]\n"
      "    v  [2], expected [4]\n");
}

TEST(MismatchText, SaysNothingMoreOfASingleOne) {
  EXPECT_EQ(MismatchText(Some({{.tensor = "w", .expected = "[1] float32", .inputs = {0}}})), "");
}

// `groups` inputs before the template, each with `members` of its own.
Mismatches InGroups(std::size_t groups, std::size_t members) {
  std::vector<Mismatch> list;
  for (std::size_t input = 0; input < groups; ++input) {
    for (std::size_t i = 0; i < members; ++i) {
      list.push_back({.kind = Kind::kOnlyInInput,
                      .tensor = "t" + std::to_string(i),
                      .found = "[2] float32",
                      .inputs = {input}});
    }
  }
  return Some(std::move(list), groups + 1);
}

TEST(MismatchText, TakesAtMostTwentyLinesAndTellsOfEveryGroup) {
  std::vector<Mismatch> list;
  for (const Kind kind : {Kind::kOnlyInTemplate, Kind::kOnlyInInput, Kind::kOtherDType}) {
    for (int i = 0; i < 1000; ++i) {
      list.push_back({.kind = kind, .tensor = "t" + std::to_string(i), .inputs = {0}});
    }
  }
  Mismatches mismatches = Some(list);
  mismatches.left_out = 5;
  const std::string text = MismatchText(mismatches);
  EXPECT_EQ(std::ranges::count(text, '\n'), 20);  // 3 titles, 16 tensors, what is untold
  EXPECT_THAT(text, HasSubstr("    t5  \n  only in 0.h5:\n"));
  EXPECT_THAT(text, HasSubstr("    t4  \n  other dtype in 0.h5:\n"));
  EXPECT_THAT(text,
              HasSubstr("    t4  , expected \n  and 2989 more (--json lists the first 3000)\n"));
}

TEST(MismatchText, CountsTheMembersOfGroupsThatGetNoLine) {
  const std::string text = MismatchText(InGroups(13, 1));
  EXPECT_EQ(std::ranges::count(text, '\n'), 19);  // 9 groups, what is untold
  EXPECT_THAT(text, HasSubstr("  only in 8.h5:\n    t0  [2] float32\n  and 4 more"));
  EXPECT_THAT(MismatchText(InGroups(13, 5)), HasSubstr("    t1  [2] float32\n  only in 1.h5:\n"));
}

TEST(MismatchText, IsNeverLongerAndTellsAllThatFits) {
  for (std::size_t groups = 1; groups < 30; ++groups) {
    for (std::size_t members = 1; members < 30; ++members) {
      if (groups * members == 1) continue;
      const std::string text = MismatchText(InGroups(groups, members));
      const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
      const std::size_t all = groups * (1 + members);
      if (all <= 20) {
        EXPECT_EQ(lines, all) << text;
      } else {
        EXPECT_TRUE(lines == 19 || lines == 20) << text;
        EXPECT_THAT(text, HasSubstr(" more (--json lists all)\n"));
      }
    }
  }
}

TEST(MismatchText, EscapesNames) {
  Mismatches mismatches = Some({{.tensor = "a\x1b[2J", .inputs = {0, 1}, .similar = "b\n"}});
  mismatches.inputs[2] = "t\r.h5";
  EXPECT_EQ(MismatchText(mismatches),
            "  only in t\\x0d.h5, missing in all 2 others:\n"
            "    a\\x1b[2J    (like b\\x0a?)\n");
}

}  // namespace
}  // namespace polyak
