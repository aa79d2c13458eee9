// How fast bytes are moved at present.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace polyak::command {

// The rate over the last seconds, not since the start: what is cached comes faster than what is
// not, and the time that is left depends on the speed at present. Knows no clock: it is told the
// time.
class TransferRate {
 public:
  using Time = std::chrono::duration<double>;  // since whenever, in seconds

  // So many bytes were done at that time; neither ever goes back.
  void Note(Time now, std::uint64_t done_bytes);

  // Bytes per second at the last Note; nothing while there is too little to tell.
  std::optional<double> bytes_per_second() const;

 private:
  struct Sample {
    Time at;
    std::uint64_t done_bytes;
  };

  std::deque<Sample> samples_;  // the oldest first; a few dozen
};

}  // namespace polyak::command
