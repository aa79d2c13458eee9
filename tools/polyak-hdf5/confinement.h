// What the helper takes away from itself before it looks at any file.
#pragma once

#include <cstdint>

namespace polyak::hdf5 {

// Keeps descriptors 0 to kSocketDescriptor and no others, ignores the terminal's signals, and sets
// limits: memory (0: none), open files, no core dump, no file writing, no new privileges. Ends the
// program where the system refuses any of it.
void Confine(std::uint64_t memory_bytes);

// Gives the library kCpuSecondsPerFile from now on; past them the program is killed (SIGXCPU).
void LimitProcessorTime();

}  // namespace polyak::hdf5
