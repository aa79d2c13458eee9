// How the front doors open checkpoints: within the memory budget, with the helper they were given.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "core/format.h"
#include "engine/run_control.h"

namespace polyak {

// The context in which one run opens all its files. Throws Error (kUsage) where the budget is
// under kLeastMemoryBytes.
OpenContext MakeOpenContext(std::uint64_t memory_bytes, const std::filesystem::path& hdf5_helper,
                            const std::atomic<bool>* stop);

// Tells the warnings of these checkpoints to whoever is in control of the work.
void TellWarnings(std::span<const Checkpoint* const> checkpoints, const RunControl& control);

// How many threads a front door runs on: as many as it was asked for, or, for 0, as many as the
// machine has, at most 8 unless the work is coding.
std::size_t ThreadsOrDefault(std::size_t threads, bool is_coded) noexcept;

}  // namespace polyak
