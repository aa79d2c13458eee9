#include "progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "report/printable.h"

namespace polyak::command {
namespace {

double Share(const Progress& progress) {
  if (progress.done_bytes >= progress.total_bytes) return 1;
  return static_cast<double>(progress.done_bytes) / static_cast<double>(progress.total_bytes);
}

// Rounded down: 100 % is when all is done.
std::string ShareText(const Progress& progress) {
  return fmt::format("{:3} %", static_cast<int>(Share(progress) * 100));
}

// "1.2 of 2.9 GiB", "310.0 MiB of 2.9 GiB"
std::string AmountText(const Progress& progress) {
  const std::string total = BytesText(progress.total_bytes);
  std::string done = BytesText(std::min(progress.done_bytes, progress.total_bytes));
  const std::string_view unit = std::string_view(total).substr(total.find(' '));
  if (done.ends_with(unit)) done.resize(done.size() - unit.size());
  return done + " of " + total;
}

std::string RateText(const Progress& progress) {
  if (!progress.bytes_per_second) return "";
  return BytesText(static_cast<std::uint64_t>(*progress.bytes_per_second)) + "/s";
}

// "0:05 left", "1:00:05 left"; nothing where it isn't known or would take weeks.
std::string TimeLeftText(const Progress& progress) {
  constexpr double kMostSeconds = 1e6;
  const double left_bytes = static_cast<double>(
      progress.total_bytes - std::min(progress.done_bytes, progress.total_bytes));
  const double seconds_left = left_bytes / progress.bytes_per_second.value_or(0);
  if (!(seconds_left < kMostSeconds)) return "";  // not for infinity and NaN either
  const auto seconds = static_cast<std::uint64_t>(std::llround(seconds_left));
  if (seconds < 3600) return fmt::format("{}:{:02} left", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02} left", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string BarText(const Progress& progress, std::size_t width) {
  const auto filled = static_cast<std::size_t>(Share(progress) * static_cast<double>(width));
  return " [" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

constexpr std::size_t kBarFrame = 3;  // " []"
constexpr std::size_t kLeastBar = 6;
constexpr std::size_t kMostBar = 30;

std::string Text(const Progress& progress, std::size_t columns, bool with_bar) {
  const std::string share = ShareText(progress);
  if (share.size() > columns) return "";
  std::size_t room = columns - share.size();
  const auto take_room_for = [&room](const std::string& part) -> std::string {
    if (part.empty() || part.size() + 2 > room) return "";
    room -= part.size() + 2;
    return "  " + part;
  };
  // In the order of what one most wants to know; put together in the order of reading.
  const std::string left = take_room_for(TimeLeftText(progress));
  const std::string rate = take_room_for(RateText(progress));
  const bool has_bar = with_bar && room >= kBarFrame + kLeastBar;
  if (has_bar) room -= kBarFrame + kLeastBar;
  const std::string amount = take_room_for(AmountText(progress));
  const std::string bar =
      has_bar ? BarText(progress, std::min(kMostBar, kLeastBar + room)) : std::string();
  return share + bar + amount + rate + left;
}

}  // namespace

std::string ProgressBarText(const Progress& progress, std::size_t columns) {
  return Text(progress, columns, true);
}

std::string ProgressLineText(const Progress& progress, std::size_t columns) {
  std::string text = Text(progress, columns, false);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

}  // namespace polyak::command
