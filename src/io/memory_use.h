// How much memory the process has taken, as the kernel counts it, and whether it is limited.
#pragma once

#include <cstdint>

namespace polyak {

// The peak resident memory of this process so far. 0 where the kernel doesn't say.
std::uint64_t PeakMemoryBytes();

// That of the largest child process that has ended.
std::uint64_t PeakMemoryBytesOfChildren();

// Whether somebody has set a limit on the memory of each process (ulimit -v, ulimit -d).
bool IsMemoryLimited() noexcept;

}  // namespace polyak
