// How far a piece of work is, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace polyak::command {

struct Progress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::optional<double> bytes_per_second;  // at present; nothing: not known yet
};

// " 42 % [######.........]  1.2 of 2.9 GiB  310.0 MiB/s  0:05 left", at most `columns` wide: where
// there is too little room parts are left out whole, first the bytes, then the bar, the rate, the
// time left; empty where not even the share has room.
std::string ProgressBarText(const Progress& progress, std::size_t columns);

// The same without the bar.
std::string ProgressLineText(const Progress& progress, std::size_t columns);

}  // namespace polyak::command
