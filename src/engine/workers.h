// Runs a list of jobs on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine/run_control.h"

namespace polyak {

// One worker's way of doing a job; made in its own thread, used only there.
using DoJob = std::function<void(std::size_t job)>;

// Each job in [0, jobs) is done once, by one of `workers` threads; they are begun in order.
// `make_worker` is called once per thread. Workers add what they have moved to `done_bytes`.
// Blocks until all are done. The first job that throws ends the run: no further ones are begun,
// and what the lowest failing job threw is thrown on, so that it doesn't depend on timing. Throws
// Error (kCancelled) when stopped, kSystem where no thread can be started.
void RunJobs(std::size_t workers, std::size_t jobs, const std::function<DoJob()>& make_worker,
             const RunControl& control, const std::atomic<std::uint64_t>& done_bytes,
             std::uint64_t total_bytes);

}  // namespace polyak
