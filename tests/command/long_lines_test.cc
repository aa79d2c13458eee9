#include "long_lines.h"

#include <gtest/gtest.h>

namespace polyak::command {
namespace {

const std::string kLong(801, 'n');

TEST(WithoutLongLines, CutsTheMiddleOfLinesOfMoreThanTenRows) {
  const std::string cut = std::string(400, 'n') + "…" + std::string(399, 'n');
  EXPECT_EQ(WithoutLongLines("a\n" + kLong + "\nb\n", 80), "a\n" + cut + "\nb\n");
  EXPECT_EQ(WithoutLongLines(kLong, 80), cut);
  EXPECT_EQ(WithoutLongLines(kLong + '\n', 81), kLong + '\n');
}

TEST(WithoutLongLines, LeavesAllElseAsItIs) {
  for (const char* text : {"", "\n", "\n\n", "a", "a\n", "a\n\nb", "für\n"}) {
    EXPECT_EQ(WithoutLongLines(text, 80), text);
  }
  EXPECT_EQ(WithoutLongLines(kLong, 0), kLong);
  EXPECT_EQ(WithoutLongLines(kLong.substr(0, 400), 1), kLong.substr(0, 400));
}

}  // namespace
}  // namespace polyak::command
