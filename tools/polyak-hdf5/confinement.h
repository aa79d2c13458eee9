// What the helper takes away from itself before it looks at any file.
#pragma once

#include <cstdint>

#include "core/helper_program.h"

namespace polyak::hdf5 {

// Keeps descriptors 0 to kSocketDescriptor and no others, ignores the terminal's signals, and sets
// limits: memory (0: none), open files, no core dump, no file writing, no new privileges. Then,
// unless the sandbox is off, it can open nothing (Landlock) and make few system calls
// (allowed_calls.h), as far as the kernel has that. Ends the program, with kExitUnlimited or
// kExitUnconfined, where the system refuses any of it, or lacks what is required. Before the second
// thread.
void Confine(std::uint64_t memory_bytes, Sandbox sandbox);

// Gives the library so much processor time from now on, and less than a second more; past that the
// program is killed (SIGXCPU).
void LimitProcessorTime(std::uint32_t seconds);

}  // namespace polyak::hdf5
