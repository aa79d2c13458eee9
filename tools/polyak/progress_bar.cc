#include "progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "report/printable.h"
#include "terminal.h"

namespace polyak::command {
namespace {

// A stream that is no terminal is given as much as most terminals have.
std::size_t ColumnsOfBar() {
  constexpr std::size_t kUsualColumns = 80;
  const std::size_t columns = TerminalColumns(STDERR_FILENO);
  return (columns == 0 ? kUsualColumns : columns) - 1;
}

std::string TimeLeft(double share, double seconds) {
  if (share <= 0) return "";
  const auto left = static_cast<std::uint64_t>(seconds / share - seconds + 0.5);
  return fmt::format("{}:{:02} left", left / 60, left % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& err, std::string_view when)
    : err_(err),
      is_wanted_(when == "always" || (when == "auto" && isatty(STDERR_FILENO) != 0)),
      delay_(when == "always" ? 0 : 1000),
      start_(Clock::now()) {}

ProgressBar::~ProgressBar() { Finish(); }

void ProgressBar::Show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
  const auto elapsed = Clock::now() - start_;
  if (!is_wanted_ || elapsed < delay_) return;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  err_ << '\r' << ProgressText(done_bytes, total_bytes, seconds, ColumnsOfBar()) << "\x1b[K"
       << std::flush;
  is_shown_ = true;
}

void ProgressBar::Finish() {
  if (is_shown_) err_ << "\r\x1b[K" << std::flush;
  is_shown_ = false;
}

std::string ProgressText(std::uint64_t done_bytes, std::uint64_t total_bytes, double seconds,
                         std::size_t columns) {
  const double share =
      total_bytes == 0
          ? 1.0
          : std::min(1.0, static_cast<double>(done_bytes) / static_cast<double>(total_bytes));
  const auto rate =
      static_cast<std::uint64_t>(static_cast<double>(done_bytes) / std::max(seconds, 1e-3));
  const std::string percent = fmt::format("{:3.0f} %", share * 100);
  const std::string rest =
      fmt::format("  {} of {}  {}/s  {}", BytesText(done_bytes), BytesText(total_bytes),
                  BytesText(rate), TimeLeft(share, seconds));
  constexpr std::size_t kMostBar = 30;
  constexpr std::size_t kLeastBar = 6;
  const std::size_t used = percent.size() + rest.size() + 3;
  if (columns < used + kLeastBar) return (percent + rest).substr(0, columns);
  const std::size_t bar = std::min(kMostBar, columns - used);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar));
  return percent + " [" + std::string(filled, '#') + std::string(bar - filled, '.') + "]" + rest;
}

}  // namespace polyak::command
