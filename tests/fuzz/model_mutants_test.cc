// The walker against Protocol Buffers' own parser, over mutants of small models.
#include <gtest/gtest.h>

#include <array>

#include "fuzz/model_comparison.h"
#include "fuzz/seed_models.h"
#include "fuzz/wire_mutator.h"

namespace polyak::test {
namespace {

// The bytes, to paste into a test of their own.
std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<std::uint8_t>(byte) >> 4];
    text += kDigits[static_cast<std::uint8_t>(byte) & 15];
  }
  return text;
}

TEST(SeedModel, IsAcceptedByBoth) {
  ModelComparison comparison;
  for (const std::string& seed : SeedModels()) {
    const auto verdict = comparison.Compare(seed);
    ASSERT_TRUE(verdict) << comparison.Complaint();
    EXPECT_EQ(*verdict, Verdict::kBothAccept) << Hex(seed);
  }
}

TEST(ModelMutant, IsAcceptedByTheWalkerWhereTheParserAcceptsIt) {
  constexpr int kMostFailures = 10;
  ModelComparison comparison;
  WireMutator mutator(SeedModels(), 20261126);
  std::array<int, 4> verdicts = {};
  int failures = 0;
  for (int i = 0; i < POLYAK_MODEL_MUTANTS && failures < kMostFailures; ++i) {
    const std::string mutant = mutator.Next();
    const auto verdict = comparison.Compare(mutant);
    if (verdict) {
      ++verdicts[static_cast<std::size_t>(*verdict)];
      continue;
    }
    ++failures;
    ADD_FAILURE() << "mutant " << i << ": " << comparison.Complaint() << "\n" << Hex(mutant);
  }
  RecordProperty("both_accept", verdicts[0]);
  RecordProperty("walker_refuses_meaning", verdicts[1]);
  RecordProperty("only_walker_accepts", verdicts[2]);
  RecordProperty("both_refuse", verdicts[3]);
  // Or the mutations would have hit nothing, or everything.
  EXPECT_GT(verdicts[0], POLYAK_MODEL_MUTANTS / 10);
  EXPECT_GT(verdicts[3], POLYAK_MODEL_MUTANTS / 50);
}

}  // namespace
}  // namespace polyak::test
