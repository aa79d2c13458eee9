// A line on the terminal that tells how far the work is: share, bytes, rate, time left.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace polyak::command {

// Not shared between threads; the stream must outlive it.
class ProgressBar {
 public:
  // when: "auto" shows it on a terminal after a second of work, "always" from the start on
  // whatever standard error is, "never" not at all.
  ProgressBar(std::ostream& err, std::string_view when);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  void Show(std::uint64_t done_bytes, std::uint64_t total_bytes);
  // Wipes the line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& err_;
  bool is_shown_ = false;  // something stands on the line
  bool is_wanted_;
  std::chrono::milliseconds delay_;
  Clock::time_point start_;
};

// One line without its end, at most `columns` wide.
std::string ProgressText(std::uint64_t done_bytes, std::uint64_t total_bytes, double seconds,
                         std::size_t columns);

}  // namespace polyak::command
