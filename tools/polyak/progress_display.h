// Shows progress: decides when something is written, and what.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "transfer_rate.h"

namespace polyak::command {

enum class ProgressStyle : std::uint8_t {
  kNone,
  kBar,    // one line that is written over again and again
  kLines,  // a whole line now and then, without escape sequences
};

// Pure: it is told the time and the width, and returns what is to be written. Not shared between
// threads.
class ProgressDisplay {
 public:
  using Time = TransferRate::Time;  // since the work began

  // Shows nothing before `first`, and then something at most once every `interval`.
  ProgressDisplay(ProgressStyle style, Time first, Time interval)
      : style_(style), next_(first), interval_(interval) {}

  // What to write now; may be empty. `columns` is the width of the terminal, at present; 0: there
  // is none, and a line may have any length.
  std::string Show(Time now, std::uint64_t done_bytes, std::uint64_t total_bytes,
                   std::size_t columns);

  // What wipes a bar, on a terminal that has so many columns now.
  std::string Finish(std::size_t columns);

 private:
  std::string Over(const std::string& text, std::size_t columns);

  ProgressStyle style_;
  Time next_;
  Time interval_;
  TransferRate rate_;
  std::size_t shown_columns_ = 0;  // the width at which the bar was drawn; 0: it wasn't
};

}  // namespace polyak::command
