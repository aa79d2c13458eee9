// Tells on standard error how far the work is: share, bytes, rate, time left.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "progress_display.h"

namespace polyak::command {

// On a terminal that obeys escape sequences a line that is written over and wiped in the end,
// elsewhere plain lines now and then. Not shared between threads; the stream, which is standard
// error, must outlive it. That it can't be written to is no fault.
class ProgressBar {
 public:
  // when: "auto" shows it on a terminal after a second of work, elsewhere after ten and then every
  // thirty; "always" from the start on, elsewhere every second; "never" not at all.
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
  ProgressDisplay display_;
  Clock::time_point start_;
};

}  // namespace polyak::command
