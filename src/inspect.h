// Looks into a checkpoint: its tensors, how it was made, and what its elements are like.
//
//   const polyak::Inspection found = polyak::Inspect({.path = "ep12.onnx", .statistics = true});
//
// As polyak.h: prints nothing, throws polyak::Error, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arithmetic/element_statistics.h"
#include "core/checkpoint.h"
#include "core/helper_program.h"
#include "engine/run_control.h"
#include "plan/memory_plan.h"

namespace polyak {

struct InspectJob {
  std::filesystem::path path;
  bool statistics = false;  // read all elements, too

  std::size_t threads = 0;  // 0: as many as the machine has, at most 8
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  HelperProgram hdf5_helper;  // unless it is told: beside the running program
  RunControl control;
};

struct Inspection {
  std::string format;
  std::string separators;  // the characters that part names of tensors in this format
  // The index: path, size, tensors, provenance record (JSON, report/provenance.h; from the file,
  // so it may be anything).
  std::shared_ptr<const Checkpoint> checkpoint;
  // Of each tensor, where they were asked for; empty ones of those that have none
  // (ElementStatistics::elements() is 0).
  std::vector<ElementStatistics> statistics;
};

// Throws Error of every kind but kMismatch and kNonfinite.
Inspection Inspect(const InspectJob& job);

}  // namespace polyak
