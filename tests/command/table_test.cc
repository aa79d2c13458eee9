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

Table TableOfFigures() {
  Table table({{.title = "NAME", .may_shrink = true},
               {.title = "DTYPE", .leaves_first = 2},
               {.title = "MAX", .align = Align::kRight},
               {.title = "ROLE", .leaves_first = 3},
               {.title = "NAN", .align = Align::kRight, .leaves_first = 1}});
  table.Add({"encoder.layer.weight", "float32", "1.25e-05", "parameter", "12345"});
  return table;
}

TEST(Table, ShrinksBeforeColumnsLeave) {
  EXPECT_EQ(Printed(TableOfFigures(), 45),
            "NAME      DTYPE         MAX  ROLE         NAN\n"
            "enco…ght  float32  1.25e-05  parameter  12345\n");
}

TEST(Table, LeavesOutTheHighestAndGivesTheirRoomToTheOthers) {
  EXPECT_EQ(Printed(TableOfFigures(), 44),
            "NAME                DTYPE         MAX    NAN\n"
            "encoder.l…r.weight  float32  1.25e-05  12345\n");
  EXPECT_EQ(Printed(TableOfFigures(), 33),
            "NAME                   MAX    NAN\n"
            "encoder.….weight  1.25e-05  12345\n");
  EXPECT_EQ(Printed(TableOfFigures(), 20),
            "NAME             MAX\n"
            "encod…ight  1.25e-05\n");
}

TEST(Table, CutsFiguresOnlyWhereNothingElseIsLeft) {
  EXPECT_EQ(Printed(TableOfFigures(), 18),
            "NAME           MAX\n"
            "enco…ght  1.25e-05\n");
  EXPECT_EQ(Printed(TableOfFigures(), 17),
            "NAME           M…\n"
            "enco…ght  1.25e-…\n");
  for (std::size_t columns = 1; columns < 60; ++columns) {
    EXPECT_LE(WidestLine(Printed(TableOfFigures(), columns)), columns);
  }
}

TEST(Table, WithoutALimitHasAllColumns) {
  EXPECT_EQ(Printed(TableOfFigures()),
            "NAME                  DTYPE         MAX  ROLE         NAN\n"
            "encoder.layer.weight  float32  1.25e-05  parameter  12345\n");
}

// Where the first column may leave, no line begins with a gap.
TEST(Table, TheFirstMayLeave) {
  Table table({{.title = "A", .leaves_first = 1}, {.title = "B"}, {.title = "C"}});
  table.Add({"aaaa", "bbbb", "cccc"});
  EXPECT_EQ(Printed(table, 12), "B     C\nbbbb  cccc\n");
}

TEST(Table, OfNoRowsIsItsTitles) {
  EXPECT_EQ(Printed(Table({{.title = "A"}, {.title = "B"}})), "A  B\n");
}

}  // namespace
}  // namespace polyak::command
