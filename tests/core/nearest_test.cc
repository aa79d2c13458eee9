#include "core/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace polyak {
namespace {

using Words = std::vector<std::string_view>;

TEST(Nearest, IsTheOneWithTheFewestEdits) {
  const Words subcommands = {"average", "interpolate", "inspect", "diff"};
  EXPECT_EQ(Nearest("avrage", subcommands), "average");    // left out
  EXPECT_EQ(Nearest("averrage", subcommands), "average");  // put in
  EXPECT_EQ(Nearest("averege", subcommands), "average");   // replaced
  EXPECT_EQ(Nearest("dfif", subcommands), "diff");         // swapped
  EXPECT_EQ(Nearest("interpolat", subcommands), "interpolate");
  EXPECT_EQ(Nearest("--metod", Words{"--memory", "--method"}), "--method");
}

TEST(Nearest, IsTheWordItselfWhereItIsThere) {
  EXPECT_EQ(Nearest("bn1.bias", Words{"bn1.bian", "bn1.bias", "bn1.bia"}), "bn1.bias");
}

TEST(Nearest, OfSeveralIsTheFirst) {
  EXPECT_EQ(Nearest("bn3.bias", Words{"conv", "bn1.bias", "bn2.bias"}), "bn1.bias");
}

TEST(Nearest, IsEmptyWhereMoreThanAThirdDiffers) {
  EXPECT_EQ(Nearest("frobnicate", Words{"average", "interpolate"}), "");
  EXPECT_EQ(Nearest("abcdef", Words{"abcdxy"}), "abcdxy");
  EXPECT_EQ(Nearest("abcdef", Words{"abcxyz"}), "");
  EXPECT_EQ(Nearest("abcdef", Words{}), "");
}

TEST(Nearest, KeepsSomethingOfTheWord) {
  EXPECT_EQ(Nearest("x", Words{"y"}), "");
  EXPECT_EQ(Nearest("x", Words{"xy"}), "xy");
  EXPECT_EQ(Nearest("", Words{"", "y"}), "");
  EXPECT_EQ(Nearest("x", Words{""}), "");
}

TEST(Nearest, TakesNamesOfAnyBytes) {
  const std::string word("\0\xff\n\x80 name", 9);
  const std::string candidate("\0\xff\r\x80 name", 9);
  EXPECT_EQ(Nearest(word, Words{candidate}), candidate);
}

TEST(Nearest, LooksAtSoManyOfSuchALengthOnly) {
  const std::string longest(256, 'a');
  const std::string longer(257, 'a');
  EXPECT_EQ(Nearest(longest, Words{longest}), longest);
  EXPECT_EQ(Nearest(longest, Words{longer}), "");
  EXPECT_EQ(Nearest(longer, Words{longest}), "");
  Words many(1001, "far away");
  many[1000] = "near";
  EXPECT_EQ(Nearest("nearr", many), "");
  many[999] = "near";
  EXPECT_EQ(Nearest("nearr", many), "near");
}

// The definition, by recursion over the ends of both words.
std::size_t PlainEdits(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const std::string_view a1 = a.substr(0, a.size() - 1);
  const std::string_view b1 = b.substr(0, b.size() - 1);
  std::size_t edits = std::min({PlainEdits(a1, b) + 1, PlainEdits(a, b1) + 1,
                                PlainEdits(a1, b1) + (a.back() == b.back() ? 0 : 1)});
  if (!a1.empty() && !b1.empty() && a.back() == b1.back() && b.back() == a1.back()) {
    edits =
        std::min(edits, PlainEdits(a1.substr(0, a1.size() - 1), b1.substr(0, b1.size() - 1)) + 1);
  }
  return edits;
}

std::string_view PlainNearest(std::string_view word, const Words& candidates) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = PlainEdits(word, candidate);
    if (edits >= least || edits >= std::max(word.size(), candidate.size())) continue;
    nearest = candidate;
    least = edits;
  }
  return nearest;
}

TEST(Nearest, IsWhatThePlainDefinitionGives) {
  std::mt19937 random(1);
  const auto any_word = [&random] {
    std::string word(1 + random() % 6, ' ');
    for (char& c : word) c = static_cast<char>('a' + random() % 3);
    return word;
  };
  for (int trial = 0; trial < 500; ++trial) {
    const std::vector<std::string> names = {any_word(), any_word(), any_word(), any_word()};
    const Words candidates(names.begin(), names.end());
    const std::string word = any_word();
    EXPECT_EQ(Nearest(word, candidates), PlainNearest(word, candidates)) << word;
  }
}

TEST(Nearest, FindsNothingAmongAThousandNamesThatAreHalfOther) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < 1000; ++k) {
    names.push_back(std::string(128, 'a') + std::string(128, static_cast<char>('b' + k % 20)));
  }
  const Words candidates(names.begin(), names.end());
  EXPECT_EQ(Nearest(std::string(256, 'a'), candidates), "");
}

}  // namespace
}  // namespace polyak
