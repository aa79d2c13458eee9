#include "arithmetic/pairwise_fold.h"

#include <gtest/gtest.h>

#include <string>

namespace polyak {
namespace {

// A part that writes down how it came about.
struct Trace {
  std::string text;

  void Merge(const Trace& next) { text = "(" + text + next.text + ")"; }
};

std::string FoldOf(const std::string& letters) {
  PairwiseFold<Trace> fold;
  for (const char letter : letters) fold.Add({std::string(1, letter)});
  return fold.Take().text;
}

// The definition, level by level.
std::string LevelByLevel(const std::string& letters) {
  std::vector<std::string> level;
  for (const char letter : letters) level.emplace_back(1, letter);
  while (level.size() > 1) {
    std::vector<std::string> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      next.push_back("(" + level[i] + level[i + 1] + ")");
    }
    if (level.size() % 2 != 0) next.push_back(level.back());
    level = next;
  }
  return level.empty() ? "" : level[0];
}

TEST(PairwiseFold, AddsNeighboursLevelByLevel) {
  EXPECT_EQ(FoldOf(""), "");
  EXPECT_EQ(FoldOf("a"), "a");
  EXPECT_EQ(FoldOf("abcde"), "(((ab)(cd))e)");
  EXPECT_EQ(FoldOf("abcdefg"), "(((ab)(cd))((ef)g))");
  for (std::size_t count = 0; count < 70; ++count) {
    std::string letters;
    for (std::size_t i = 0; i < count; ++i) letters += static_cast<char>('0' + i);
    EXPECT_EQ(FoldOf(letters), LevelByLevel(letters));
  }
}

TEST(PairwiseFold, GivesTheSameOfBlocksThatWereFoldedAlone) {
  for (std::size_t count = 1; count < 70; ++count) {
    std::string letters;
    for (std::size_t i = 0; i < count; ++i) letters += static_cast<char>('0' + i);
    for (const std::size_t block : {1U, 2U, 8U, 64U}) {
      PairwiseFold<Trace> outer;
      PairwiseFold<Trace> inner;
      for (std::size_t first = 0; first < count; first += block) {
        for (const char letter : letters.substr(first, block)) inner.Add({std::string(1, letter)});
        outer.Add(inner.Take());
      }
      EXPECT_EQ(outer.Take().text, LevelByLevel(letters));
    }
  }
}

TEST(PairwiseFold, BeginsAnewWhenTaken) {
  PairwiseFold<Trace> fold;
  fold.Add({"a"});
  fold.Add({"b"});
  EXPECT_EQ(fold.Take().text, "(ab)");
  EXPECT_EQ(fold.Take().text, "");
  fold.Add({"c"});
  EXPECT_EQ(fold.Take().text, "c");
}

}  // namespace
}  // namespace polyak
