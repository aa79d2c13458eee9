#include "opening.h"

#include "plan/memory_plan.h"

namespace polyak {

OpenContext MakeOpenContext(std::uint64_t memory_bytes, const std::filesystem::path& hdf5_helper,
                            const std::atomic<bool>* stop) {
  CheckMemoryBudget(memory_bytes);
  OpenContext context;
  context.hdf5_helper = hdf5_helper;
  context.index_budget = IndexBudget(IndexBudgetBytes(memory_bytes));
  context.helper_memory_bytes = HelperBudgetBytes(memory_bytes);
  context.stop = stop;
  return context;
}

}  // namespace polyak
