// A front door of libpolyak: what a checkpoint holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "plan/memory_plan.h"

namespace polyak {

// What a checkpoint holds.
struct Inspection {
  std::string format;
  std::uint64_t file_bytes = 0;
  std::vector<TensorInfo> tensors;
  std::string provenance;  // JSON (report/provenance.h); empty: none
};

struct InspectJob {
  std::filesystem::path path;
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  std::filesystem::path hdf5_helper;        // empty: beside the running program
  const std::atomic<bool>* stop = nullptr;  // set: ends with Error (kCancelled)
};

Inspection Inspect(const InspectJob& job);

}  // namespace polyak
