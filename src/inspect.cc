#include "inspect.h"

#include <array>
#include <utility>

#include "engine/tensor_statistics.h"
#include "formats/registry.h"
#include "opening.h"

namespace polyak {

Inspection Inspect(const InspectJob& job) {
  OpenContext context = MakeOpenContext(job.memory_bytes, job.hdf5_helper, job.control.stop);
  OpenedCheckpoint opened = OpenCheckpoint(job.path, context);
  Inspection result{.format = std::string(opened.format),
                    .separators = std::string(opened.separators),
                    .checkpoint = std::move(opened.checkpoint),
                    .statistics = {}};
  TellWarnings(std::array{result.checkpoint.get()}, job.control);
  if (!job.statistics) return result;
  MemoryRequest request = StatisticsMemory(*result.checkpoint);
  request.budget_bytes = job.memory_bytes;
  request.index_bytes += context.index_budget.most_bytes();
  request.threads = ThreadsOrDefault(job.threads, false);
  result.statistics = StatisticsOf(*result.checkpoint, PlanMemory(request), job.control);
  result.checkpoint->CheckUnchanged();
  return result;
}

}  // namespace polyak
