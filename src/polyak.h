// The front door of libpolyak: averages checkpoints. (inspect.h and diff.h look into them.)
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
#include "core/helper_program.h"
#include "engine/run_control.h"
#include "methods/method.h"
#include "plan/memory_plan.h"
#include "plan/plan.h"
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
  // Whose container the output copies, one of the inputs: by its index, or by a path that leads
  // to it; the last one if neither is given.
  std::optional<std::size_t> template_index;
  std::filesystem::path template_path;
  Selection selection;
  MissingTensors missing = MissingTensors::kRefuse;
  MatchBy match = MatchBy::kName;
  QuantizedTensors quantized = QuantizedTensors::kRefuse;
  // What would be a warning is an error: all of them together, before the first element is averaged
  // (one about the elements themselves: before the output appears).
  bool strict = false;
  bool allow_nonfinite = false;
  bool write_provenance = true;
  // ONNX with external data: all of it goes to one file, OUTPUT.data, in any folder.
  bool single_data = false;

  std::size_t threads = 0;  // 0: as many as the machine has, at most 8
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  HelperProgram hdf5_helper;    // unless it is told: beside the running program
  std::string instruction_set;  // for tests: forces one (arithmetic/linear_mean.h)
  // Of the choice of inputs (inputs/input_choice.h), for the report: its warnings, and what it
  // passed over.
  std::vector<std::string> warnings;
  std::vector<std::filesystem::path> left_out;
  // Further files that the output must not replace: what was passed over, lists of inputs.
  std::vector<std::filesystem::path> keep_intact;
  // What the caller is going to write itself (a report): refused where it would replace a file that
  // the run reads or writes.
  std::vector<std::filesystem::path> other_outputs;
  RunControl control;
};

// Does the job: the output is there, complete, when it returns, and isn't when it throws. Throws
// Error of every kind.
Report Average(const Job& job);

// Does all of the job that comes before the first element is averaged, and writes nothing: the
// report says what would be done, the numbers of bytes and the memory as planned. Throws what
// Average would up to there.
Report PlanAverage(const Job& job);

// True where a format knows the content of the file: what ChooseInputs takes of a folder. Throws
// Error, without the path in front: kCorrupt where only its name is a checkpoint's (half-written,
// empty); kSystem, kUnsupported where it can't be read.
bool IsCheckpoint(const std::filesystem::path& path);

// True where the file is named as a part of a checkpoint that lies beside it, as a shard is.
bool IsPartOfCheckpoint(const std::filesystem::path& path);

}  // namespace polyak
