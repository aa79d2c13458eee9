#include "opening.h"

#include <algorithm>
#include <string>
#include <thread>

#include "plan/memory_plan.h"
#include "report/checkpoint_warnings.h"

namespace polyak {

OpenContext MakeOpenContext(std::uint64_t memory_bytes, const std::filesystem::path& hdf5_helper,
                            const std::atomic<bool>* stop) {
  CheckMemoryBudget(memory_bytes);
  OpenContext context;
  context.hdf5_helper = hdf5_helper;
  context.index_budget =
      IndexBudget(IndexBudgetBytes(memory_bytes), memory_bytes - IndexBudgetBytes(memory_bytes));
  context.helper_memory_bytes = HelperBudgetBytes(memory_bytes);
  context.stop = stop;
  return context;
}

void TellWarnings(std::span<const Checkpoint* const> checkpoints, const RunControl& control) {
  if (!control.warning) return;
  for (const std::string& warning : WarningsOf(checkpoints)) control.warning(warning);
}

std::size_t ThreadsOrDefault(std::size_t threads, bool is_coded) noexcept {
  // More gain little and take memory. Measured on 16 cores, five inputs of 1 GiB, as shares of the
  // reference job (tools/bench) with 2, 4, 8 and 16: float32 0.68, 0.47, 0.46, 0.49 on a disk and
  // 0.87, 0.52, 0.41, 0.40 in memory; bfloat16 in memory 1.18, 0.66, 0.52, 0.40.
  constexpr std::size_t kMostByDefault = 8;
  if (threads > 0) return threads;
  const std::size_t all = std::max(1U, std::thread::hardware_concurrency());
  return is_coded ? all : std::min(all, kMostByDefault);
}

}  // namespace polyak
