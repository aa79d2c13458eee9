// How the front doors open checkpoints: within the memory budget, with the helper they were given.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "core/format.h"

namespace polyak {

// The context in which one run opens all its files. Throws Error (kUsage) where the budget is
// under kLeastMemoryBytes.
OpenContext MakeOpenContext(std::uint64_t memory_bytes, const std::filesystem::path& hdf5_helper,
                            const std::atomic<bool>* stop);

}  // namespace polyak
