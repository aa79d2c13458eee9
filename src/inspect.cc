#include "inspect.h"

#include "formats/registry.h"
#include "opening.h"

namespace polyak {

Inspection Inspect(const InspectJob& job) {
  OpenContext context = MakeOpenContext(job.memory_bytes, job.hdf5_helper, job.stop);
  const OpenedCheckpoint opened = OpenCheckpoint(job.path, context);
  const auto tensors = opened.checkpoint->tensors();
  return {.format = std::string(opened.format),
          .file_bytes = opened.checkpoint->file_bytes(),
          .tensors = {tensors.begin(), tensors.end()},
          .provenance = std::string(opened.checkpoint->provenance())};
}

}  // namespace polyak
