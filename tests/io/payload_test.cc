#include "io/payload.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

TEST(AppendPiece, JoinsNumbersAtOneDistance) {
  std::vector<PayloadRun> runs;
  for (std::uint64_t i = 0; i < 1000; ++i) AppendPiece({10 + 5 * i, 4}, runs);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].bytes, 4000U);
  EXPECT_EQ(runs[0].span(), (Extent{10, 4999}));
  AppendPiece({10 + 5 * 1000 + 1, 4}, runs);
  EXPECT_EQ(runs.size(), 2U) << "at another distance";
  AppendPiece({20000, 400}, runs);
  AppendPiece({20401, 400}, runs);
  EXPECT_EQ(runs.size(), 4U) << "these are no single numbers";
}

// A file "t0000t0001t0002..." and the run of its numbers.
class SpacedNumbersTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kNumbers = 40000;  // more than fit one buffer

  SpacedNumbersTest() {
    std::string bytes;
    for (std::uint64_t i = 0; i < kNumbers; ++i) {
      AppendPiece({bytes.size() + 1, 4}, runs_);
      bytes += "t" + Text(i);
    }
    test::WriteFile(folder_ / "a", bytes);
    file_ = InputFile::Open(folder_ / "a");
  }

  static std::string Text(std::uint64_t i) {
    std::string digits = std::to_string(i % 10000);
    return std::string(4 - digits.size(), '0') + digits;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const InputFile> file_;
  std::vector<PayloadRun> runs_;
};

TEST_F(SpacedNumbersTest, AreReadWithoutWhatLiesBetween) {
  for (const auto& [first, count] : {std::pair<std::uint64_t, std::uint64_t>{0, kNumbers},
                                     {7, 1},
                                     {kNumbers - 3, 3},
                                     {5, 30000}}) {
    std::string expected;
    for (std::uint64_t i = first; i < first + count; ++i) expected += Text(i);
    std::string read(4 * count, '\0');
    ReadPart(*file_, {runs_[0], 4 * first, 4 * count}, std::as_writable_bytes(std::span(read)));
    EXPECT_EQ(read, expected) << first << ", " << count;
  }
}

TEST_F(SpacedNumbersTest, FillTheirSpansWithoutGap) {
  const RunPart first{runs_[0], 0, 4 * 100};
  const RunPart rest{runs_[0], 4 * 100, 4 * (kNumbers - 100)};
  EXPECT_EQ(SpanOf(first), (Extent{1, 500}));
  EXPECT_EQ(SpanOf(rest).offset, SpanOf(first).end());
  EXPECT_EQ(SpanOf(rest).end(), file_->size());
  std::string span_bytes = "....t....t....t";
  ScatterPart({runs_[0], 0, 12}, std::as_bytes(std::span("abcdefghijkl", 12)),
              std::as_writable_bytes(std::span(span_bytes)));
  EXPECT_EQ(span_bytes, "abcdtefghtijklt");
}

TEST_F(SpacedNumbersTest, AreFoundByBoxes) {
  TensorInfo info;
  info.dtype = DType::kFloat32;
  info.element_bytes = 4;
  info.shape = {kNumbers};
  info.elements = kNumbers;
  PayloadRun rest = runs_[0];
  rest.bytes -= 8;
  const Payload payload{.runs = {PayloadRun(0, 8), rest}};
  std::vector<std::string> parts;
  ForEachPart(payload, info, RangeBox(1, 4), [&](const RunPart& part, std::uint64_t box_offset) {
    parts.push_back(std::to_string(part.run.OffsetOf(part.begin)) + ":" +
                    std::to_string(part.bytes) + "@" + std::to_string(box_offset));
  });
  EXPECT_EQ(parts, (std::vector<std::string>{"4:4@0", "1:12@4"}));
}

}  // namespace
}  // namespace polyak
