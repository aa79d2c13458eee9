// Progress, told the time and the width.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "progress_display.h"
#include "progress_text.h"
#include "transfer_rate.h"

namespace polyak::command {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Time = TransferRate::Time;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr Progress kUsual{1288490189, 3113851290, 310.0 * kMiB};  // 1.2 of 2.9 GiB

TEST(ProgressText, HasShareBarBytesRateAndTimeLeft) {
  EXPECT_EQ(ProgressBarText(kUsual, 199),
            " 41 % [############..................]  1.2 of 2.9 GiB  310.0 MiB/s  0:06 left");
  EXPECT_EQ(ProgressLineText(kUsual, 199), "41 %  1.2 of 2.9 GiB  310.0 MiB/s  0:06 left");
}

TEST(ProgressText, LeavesOutWholePartsWhereThereIsNoRoom) {
  EXPECT_EQ(ProgressBarText(kUsual, 79),
            " 41 % [############..................]  1.2 of 2.9 GiB  310.0 MiB/s  0:06 left");
  EXPECT_EQ(ProgressBarText(kUsual, 60),
            " 41 % [####........]  1.2 of 2.9 GiB  310.0 MiB/s  0:06 left");
  EXPECT_EQ(ProgressBarText(kUsual, 39), " 41 % [##.....]  310.0 MiB/s  0:06 left");
  EXPECT_EQ(ProgressBarText(kUsual, 30), " 41 %  310.0 MiB/s  0:06 left");
  EXPECT_EQ(ProgressBarText(kUsual, 19), " 41 %  0:06 left");
  EXPECT_EQ(ProgressBarText(kUsual, 10), " 41 %");
  EXPECT_EQ(ProgressBarText(kUsual, 4), "");
  EXPECT_EQ(ProgressBarText(kUsual, 0), "");
}

TEST(ProgressText, FitsAnyWidthAndCutsNoWord) {
  for (const std::uint64_t done : {std::uint64_t{0}, kMiB, kGiB, 1023 * kGiB}) {
    for (std::size_t columns = 0; columns < 200; ++columns) {
      const std::string text = ProgressBarText({done, 1023 * kGiB, 123456789.0}, columns);
      EXPECT_LE(text.size(), columns);
      if (text.empty()) continue;
      const std::string ends = text.substr(text.size() - 1);
      EXPECT_THAT((std::vector<std::string>{"%", "]", "B", "s", "t"}), ::testing::Contains(ends))
          << text;
    }
  }
}

TEST(ProgressText, NamesBothUnitsWhereTheyDiffer) {
  EXPECT_THAT(ProgressLineText({310 * kMiB, 3 * kGiB, {}}, 99), HasSubstr("310.0 MiB of 3.0 GiB"));
  EXPECT_THAT(ProgressLineText({5, 17, {}}, 99), HasSubstr("  5 of 17 bytes"));
}

TEST(ProgressText, SaysHundredPercentOnlyOfAll) {
  EXPECT_THAT(ProgressBarText({kGiB - 1, kGiB, {}}, 79), HasSubstr(" 99 %"));
  EXPECT_THAT(ProgressBarText({kGiB, kGiB, {}}, 79), HasSubstr("100 %"));
  EXPECT_THAT(ProgressBarText({kGiB + 5, kGiB, 1.0}, 79), HasSubstr("100 %"));
  EXPECT_THAT(ProgressBarText({0, 0, {}}, 79), HasSubstr("100 %"));
}

TEST(ProgressText, TellsNoTimeThatNobodyKnows) {
  EXPECT_THAT(ProgressBarText({0, kGiB, {}}, 79), Not(HasSubstr("left")));
  EXPECT_THAT(ProgressBarText({0, kGiB, 0.0}, 79), Not(HasSubstr("left")));
  EXPECT_THAT(ProgressBarText({0, kGiB, 0.5}, 79), Not(HasSubstr("left")));
  EXPECT_THAT(ProgressBarText({0, 7325, 1.0}, 79), HasSubstr("2:02:05 left"));
  EXPECT_THAT(ProgressBarText({0, 59, 1.0}, 79), HasSubstr("0:59 left"));
}

TEST(TransferRate, IsNotKnownAtFirst) {
  TransferRate rate;
  EXPECT_FALSE(rate.bytes_per_second());
  rate.Note(Time(3), 100);
  EXPECT_FALSE(rate.bytes_per_second());
  rate.Note(Time(3.1), 200);
  EXPECT_FALSE(rate.bytes_per_second());
}

TEST(TransferRate, FollowsAChangeOfSpeedWithinSeconds) {
  TransferRate rate;
  double at = 0;
  std::uint64_t done = 0;
  const auto run = [&](double seconds, std::uint64_t bytes_per_second) {
    for (double end = at + seconds; at < end; at += 0.05) {
      rate.Note(Time(at), done);
      done += bytes_per_second / 20;
    }
  };
  run(60, 1000 * kMiB);
  EXPECT_NEAR(*rate.bytes_per_second(), 1000.0 * kMiB, 10.0 * kMiB);
  run(6, 100 * kMiB);
  EXPECT_NEAR(*rate.bytes_per_second(), 100.0 * kMiB, 10.0 * kMiB);
  run(6, 0);
  EXPECT_NEAR(*rate.bytes_per_second(), 0, 1);
}

TEST(TransferRate, TakesTheWholeWindowWhereNotesAreRare) {
  TransferRate rate;
  rate.Note(Time(0), 0);
  rate.Note(Time(4), 400);
  rate.Note(Time(34), 1000);
  EXPECT_DOUBLE_EQ(*rate.bytes_per_second(), 20);  // of the last thirty seconds
}

// What a display writes when it is called every 0.1 s.
std::vector<std::string> Written(ProgressDisplay& display, int seconds, std::size_t columns) {
  std::vector<std::string> written;
  for (int tick = 0; tick <= seconds * 10; ++tick) {
    std::string text = display.Show(Time(tick / 10.0), static_cast<std::uint64_t>(tick) * kMiB,
                                    2000 * kMiB, columns);
    if (!text.empty()) written.push_back(std::move(text));
  }
  return written;
}

TEST(ProgressDisplay, WritesPlainLinesNowAndThen) {
  ProgressDisplay display(ProgressStyle::kLines, Time(10), Time(30));
  EXPECT_THAT(Written(display, 9, 0), IsEmpty());
  EXPECT_THAT(
      Written(display, 100, 0),
      ::testing::ElementsAre("polyak: 5 %  100.0 MiB of 2.0 GiB  10.0 MiB/s  3:10 left\n",
                             "polyak: 20 %  400.0 MiB of 2.0 GiB  10.0 MiB/s  2:40 left\n",
                             "polyak: 35 %  700.0 MiB of 2.0 GiB  10.0 MiB/s  2:10 left\n",
                             "polyak: 50 %  1000.0 MiB of 2.0 GiB  10.0 MiB/s  1:40 left\n"));
  EXPECT_EQ(display.Finish(0), "");
}

TEST(ProgressDisplay, CutsPlainLinesToATerminal) {
  ProgressDisplay display(ProgressStyle::kLines, Time(0), Time(1));
  for (const std::size_t columns : {1U, 8U, 9U, 12U, 20U, 40U}) {
    for (const std::string& line : Written(display, 3, columns)) {
      EXPECT_LE(line.size(), columns);
      EXPECT_EQ(line.back(), '\n');
    }
  }
}

TEST(ProgressDisplay, DrawsABarAndWipesIt) {
  ProgressDisplay display(ProgressStyle::kBar, Time(1), Time(0.05));
  EXPECT_EQ(display.Finish(80), "");
  const std::vector<std::string> written = Written(display, 2, 80);
  EXPECT_EQ(written.size(), 11U);
  EXPECT_EQ(written[0],
            "\r  0 % [...........................]  10.0 MiB of 2.0 GiB  10.0 MiB/s  3:19 left"
            "\x1b[K\r");
  EXPECT_EQ(display.Finish(80), "\r\x1b[K");
  EXPECT_EQ(display.Finish(80), "");
}

TEST(ProgressDisplay, ErasesAllRowsOfALineThatWasWrappedSince) {
  ProgressDisplay display(ProgressStyle::kBar, Time(0), Time(0));
  const auto show = [&display](std::size_t columns) {
    return display.Show(Time(0), kMiB, kGiB, columns);
  };
  show(80);
  EXPECT_THAT(show(40), HasSubstr("\x1b[J"));
  EXPECT_THAT(show(40), HasSubstr("\x1b[K"));
  EXPECT_THAT(show(200), HasSubstr("\x1b[K"));
  EXPECT_EQ(display.Finish(20), "\r\x1b[J");
}

TEST(ProgressDisplay, OfNoStyleWritesNothing) {
  ProgressDisplay display(ProgressStyle::kNone, Time(0), Time(0));
  EXPECT_THAT(Written(display, 5, 80), IsEmpty());
  EXPECT_EQ(display.Finish(80), "");
}

}  // namespace
}  // namespace polyak::command
