// The front door of libpolyak: averages checkpoints. Others are inspect.h and diff.h.
//
//   polyak::Job job;
//   job.inputs = {"ep09.onnx", "ep10.onnx", "ep11.onnx"};
//   job.output = "average.onnx";
//   const polyak::Report report = polyak::Average(job);
//
// The library prints nothing and reads no environment; all failures are polyak::Error (core/
// error.h), or std::bad_alloc. Functions may be called from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "engine/run_control.h"
#include "methods/method.h"
#include "plan/memory_plan.h"
#include "report/report.h"

namespace polyak {

// "0.1.0"
std::string_view Version() noexcept;

// What is to be averaged, and how.
struct Job {
  std::vector<std::filesystem::path> inputs;  // in order, oldest first
  std::filesystem::path output;
  bool replace_existing = false;

  std::string method = "uniform";  // a row of Methods()
  MethodOptions options;
  std::optional<std::size_t> template_index;  // of inputs; by default the last one
  bool allow_nonfinite = false;
  bool write_provenance = true;

  std::size_t threads = 0;  // 0: as many as the machine has, at most 4
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  std::filesystem::path hdf5_helper;  // empty: beside the running program
  std::string instruction_set;        // for tests: forces one (arithmetic/linear_mean.h)
  RunControl control;
};

// Does the job: the output is there, complete, when it returns, and isn't when it throws. Throws
// Error of every kind.
Report Average(const Job& job);

}  // namespace polyak
