// How much memory the process has taken, as the kernel counts it.
#pragma once

#include <cstdint>

namespace polyak {

// The peak resident memory of this process so far. 0 where the kernel doesn't say.
std::uint64_t PeakMemoryBytes();

// That of the largest child process that has ended.
std::uint64_t PeakMemoryBytesOfChildren();

}  // namespace polyak
