#include "table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace polyak::command {
namespace {

std::string Printed(const Table& table, std::size_t columns = 0) {
  std::ostringstream out;
  table.Print(out, columns);
  return out.str();
}

std::size_t WidestLine(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, WidthOf(line));
  return widest;
}

TEST(WidthOf, CountsWhatATerminalShows) {
  EXPECT_EQ(WidthOf(""), 0U);
  EXPECT_EQ(WidthOf("abc"), 3U);
  EXPECT_EQ(WidthOf("Gewichte für λ"), 14U);
  EXPECT_EQ(WidthOf("u\xcc\x88"), 1U);                 // u and a combining diaeresis
  EXPECT_EQ(WidthOf("\xe9\x87\x8d\xe3\x81\xbf"), 4U);  // two wide letters
  EXPECT_EQ(WidthOf("\xf0\x9f\x98\x80"), 2U);          // an emoji
  EXPECT_EQ(WidthOf("\xf0\x9d\x84\x9e"), 1U);          // four bytes, narrow
}

TEST(WithoutMiddle, KeepsStartAndEnd) {
  EXPECT_EQ(WithoutMiddle("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(WithoutMiddle("abcdefghi", 8), "abcd…ghi");
  EXPECT_EQ(WithoutMiddle("abcdefghi", 1), "…");
  EXPECT_EQ(WithoutMiddle("abcdefghi", 2), "a…");
  // Wide letters aren't halved, and marks stay with their letter.
  EXPECT_EQ(WithoutMiddle("重重重重重", 8), "重重…重");
  EXPECT_EQ(WithoutMiddle("au\xcc\x88xxxxxxb", 4), "au\xcc\x88…b");
}

TEST(Table, LinesUp) {
  Table table({{.title = "NAME"}, {.title = "BYTES", .align = Align::kRight}, {.title = "WHERE"}});
  table.Add({"für", "7", "raw"});
  table.Add({"重み", "123456", ""});
  EXPECT_EQ(Printed(table),
            "NAME   BYTES  WHERE\n"
            "für        7  raw\n"
            "重み  123456\n");
}

TEST(Table, ShrinksTheWidestThatMayFirst) {
  Table table(
      {{.title = "N", .may_shrink = true}, {.title = "X"}, {.title = "S", .may_shrink = true}});
  table.Add({"encoder.layer.attention.weight", "float32", "contiguous"});
  EXPECT_EQ(Printed(table, 40),
            "N                    X        S\n"
            "encoder.l…on.weight  float32  contiguous\n");
}

TEST(Table, NeverWraps) {
  Table table({{.title = "NAME", .may_shrink = true}, {.title = "DTYPE"}, {.title = "ROLE"}});
  table.Add({std::string(10000, 'n'), "float32", "running statistic"});
  table.Add({"w", "float32", "parameter"});
  for (std::size_t columns = 1; columns < 60; ++columns) {
    EXPECT_LE(WidestLine(Printed(table, columns)), columns);
  }
  EXPECT_NE(Printed(table, 20).find("nnnn…nnn  float32  …"), std::string::npos);
  EXPECT_NE(Printed(table, 0).find(std::string(10000, 'n')), std::string::npos);
}

TEST(Table, OfNoRowsIsItsTitles) {
  EXPECT_EQ(Printed(Table({{.title = "A"}, {.title = "B"}})), "A  B\n");
}

}  // namespace
}  // namespace polyak::command
