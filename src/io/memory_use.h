// How much memory the process has taken, as the kernel counts it.
#pragma once

#include <cstdint>

namespace polyak {

// The peak resident memory of this process and of its largest ended child together. 0 where the
// kernel doesn't say.
std::uint64_t PeakMemoryBytes();

}  // namespace polyak
