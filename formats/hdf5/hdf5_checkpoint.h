// An HDF5 file as a checkpoint: the helper's answer, checked, as tensors and extents.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/checkpoint.h"
#include "core/format.h"
#include "formats/hdf5/dataset.h"
#include "formats/hdf5/index.pb.h"
#include "io/extents.h"
#include "io/input_file.h"

namespace polyak::hdf5 {

// Takes the replies to one request and makes the checkpoint of them. The budget must outlive it.
// Not shared between threads.
class CheckpointBuilder {
 public:
  CheckpointBuilder(std::shared_ptr<const InputFile> file, IndexBudget& budget);

  // Charges the budget, and keeps nothing where it is used up. Throws Error: kCorrupt where the
  // reply makes no sense, and what a failure in it says.
  void Add(const wire::Reply& reply);

  // After the last reply. Throws Error: kUnsupported where the budget was not enough, kCorrupt
  // where names repeat or extents lie wrong.
  std::unique_ptr<Checkpoint> Build() &&;

 private:
  void CheckNamesDiffer() const;
  void CheckAliasesAgree() const;

  std::shared_ptr<const InputFile> file_;
  IndexBudget& budget_;
  std::uint64_t datasets_ = 0;
  std::vector<TensorInfo> tensors_;
  std::vector<Payload> payloads_;
};

}  // namespace polyak::hdf5
