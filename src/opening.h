// How the front doors open checkpoints: within the memory budget, with the helper they were given,
// several at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/format.h"
#include "core/helper_program.h"
#include "engine/run_control.h"
#include "formats/registry.h"
#include "plan/memory_plan.h"

namespace polyak {

// The context in which one run opens all its files. Throws Error (kUsage) where the budget is
// under kLeastMemoryBytes.
OpenContext MakeOpenContext(std::uint64_t memory_bytes, const HelperProgram& hdf5_helper,
                            const std::atomic<bool>* stop);

struct OpenRequest {
  std::span<const std::filesystem::path> paths;
  std::size_t threads = 1;  // as many as wanted, at least 1
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  HelperProgram hdf5_helper;
  std::filesystem::path temporary_folder;
  const std::atomic<bool>* stop = nullptr;  // may be null
};

struct OpenedCheckpoints {
  std::vector<OpenedCheckpoint> checkpoints;  // as the request has them
  std::size_t helpers = 1;                    // how many helpers may have run at the same time
  // The most that their indexes take while they are opened: so many at once, and one after the
  // other, which is never more. Figures of the files: they don't depend on timing.
  std::uint64_t index_bytes = 0;
  std::uint64_t index_bytes_in_turn = 0;
};

// Opens them all. Where several at once don't fit the memory budget, they are opened one after the
// other instead, and of those that fail the first is tried again alone: what is opened, and what is
// said of what can't be, is the same for any number of threads. Throws what OpenCheckpoint throws,
// for the first that can't be opened.
OpenedCheckpoints OpenCheckpoints(const OpenRequest& request);

// PlanMemory with the index of these; with that of one after the other where it doesn't fit else.
// What is free in the process is given back to the system then.
MemoryPlan PlanMemoryWith(const OpenedCheckpoints& opened, MemoryRequest request);

// Tells the warnings of these checkpoints to whoever is in control of the work.
void TellWarnings(std::span<const Checkpoint* const> checkpoints, const RunControl& control);

// How many threads a front door runs on: as many as it was asked for, or, for 0, as many as the
// machine has, at most 8 unless the work is coding.
std::size_t ThreadsOrDefault(std::size_t threads, bool is_coded) noexcept;

}  // namespace polyak
