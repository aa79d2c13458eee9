// How long the library may work on one request.
#pragma once

#include <algorithm>
#include <cstdint>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

inline constexpr std::uint32_t kMostCpuSeconds = 20;

// Seconds of processor time. By the file's size: of all honest files that were measured, those of
// 100,000 datasets take the most for what they are: 3.6 s where they may take 17; 10,000 take 0.4 s
// of 5, a million chunks 1 s of 20, new places for 100,000 chunks 1.6 s of 5. Chunks are small, but
// what they decode to is not.
inline std::uint32_t CpuSecondsFor(const wire::Request& request) noexcept {
  constexpr std::uint64_t kLeastSeconds = 3;
  constexpr std::uint64_t kBytesPerSecond = std::uint64_t{2} << 20;
  if (request.has_code()) return kMostCpuSeconds;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(
      kMostCpuSeconds, kLeastSeconds + request.image().bytes() / kBytesPerSecond));
}

}  // namespace polyak::hdf5
