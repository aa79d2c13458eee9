#include "polyak.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "arithmetic/linear_mean.h"
#include "engine/average_run.h"
#include "engine/comparison.h"
#include "formats/registry.h"
#include "io/input_file.h"
#include "io/memory_use.h"
#include "opening.h"
#include "report/printable.h"
#include "report/provenance.h"

namespace polyak {
namespace {

using Clock = std::chrono::steady_clock;

// Everything that one run knows, in the order in which it comes to know it.
struct Run {
  explicit Run(const Job& the_job) : job(the_job) {}

  const Job& job;
  std::vector<std::unique_ptr<Checkpoint>> owned;
  std::vector<const Checkpoint*> inputs;
  Linear linear;
  Plan plan;
  MemoryPlan memory;
  Report report;
};

// Opens all inputs; returns the memory that their indexes take.
std::uint64_t OpenInputs(Run& run) {
  OpenContext context =
      MakeOpenContext(run.job.memory_bytes, run.job.hdf5_helper, run.job.control.stop);
  for (const std::filesystem::path& path : run.job.inputs) {
    CheckStop(run.job.control);
    OpenedCheckpoint opened = OpenCheckpoint(path, context);
    if (run.owned.size() == run.plan.template_index) run.report.format = opened.format;
    run.inputs.push_back(opened.checkpoint.get());
    run.owned.push_back(std::move(opened.checkpoint));
  }
  return context.index_budget.used_bytes();
}

void WarnOfRepeated(Run& run) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> first_with_file;
  for (std::size_t k = 0; k < run.inputs.size(); ++k) {
    for (const FileIdentity& file : run.inputs[k]->files()) {
      const auto [first, is_new] = first_with_file.emplace(std::pair(file.device, file.inode), k);
      if (is_new || first->second == k) continue;
      run.report.warnings.push_back(fmt::format("{} and {} are the same file",
                                                run.inputs[first->second]->path().string(),
                                                run.inputs[k]->path().string()));
    }
  }
}

void RefuseOutputOverInput(const Run& run) {
  const std::optional<FileIdentity> output = IdentityOf(run.job.output);
  if (!output) return;
  for (const Checkpoint* input : run.inputs) {
    const std::vector<FileIdentity> files = input->files();
    if (std::ranges::find(files, *output) == files.end()) continue;
    Error error(ErrorKind::kUsage,
                fmt::format("the output is the input {}", input->path().string()));
    error.AddContext(run.job.output.string());
    throw error;
  }
}

void DescribeInputs(Run& run) {
  const std::vector<double> effective = EffectiveWeights(run.linear.weights, run.linear.normalised);
  constexpr double kMostOfOne = 0.9;
  for (std::size_t k = 0; k < run.inputs.size(); ++k) {
    run.report.inputs.push_back({.path = run.inputs[k]->path(),
                                 .file_bytes = run.inputs[k]->file_bytes(),
                                 .weight = run.linear.weights[k],
                                 .effective_weight = effective[k],
                                 .payload_hash = {}});
    if (run.job.method != "interpolate" && effective[k] > kMostOfOne) {
      run.report.warnings.push_back(fmt::format("{} alone has {:.1f} % of the weight",
                                                run.inputs[k]->path().string(),
                                                effective[k] * 100));
    }
  }
}

void MakeAllPlans(Run& run, std::uint64_t index_bytes) {
  run.plan = MakePlan(run.inputs, run.plan.template_index);
  run.memory = PlanMemory({.budget_bytes = run.job.memory_bytes,
                           .index_bytes = index_bytes,
                           .inputs = run.inputs.size(),
                           .threads = ThreadsOrDefault(run.job.threads),
                           .average_bytes = run.plan.averaged_bytes});
}

// Kept tensors that differ: a warning, or the end.
void CompareKeptTensors(Run& run) {
  const Checkpoint& reference = *run.inputs[run.plan.template_index];
  for (const auto& [tensor, input] :
       CompareKept(run.inputs, run.plan, run.memory.workers, run.job.control)) {
    const std::string& name = reference.tensors()[tensor].name;
    const std::string other = run.inputs[input]->path().string();
    if (run.plan.tensors[tensor].action == Action::kRequireEqual) {
      Error error(ErrorKind::kMismatch,
                  fmt::format("is {} and has another value than in {}",
                              run.plan.tensors[tensor].reason, reference.path().string()),
                  "the models differ in more than their weights");
      error.AddContext(name);
      error.AddContext(other);
      throw error;
    }
    run.report.warnings.push_back(
        fmt::format("{}: kept from the template, though it differs in {}", name, other));
  }
}

std::string RecordFor(const Run& run) {
  if (!run.job.write_provenance) return {};
  return ProvenanceRecord(run.report, Version());
}

void NoteResult(Run& run, const AverageResult& result) {
  run.report.read_bytes = result.read_bytes;
  for (std::size_t k = 0; k < run.inputs.size(); ++k) {
    run.report.inputs[k].payload_hash = result.payload_hashes[k];
  }
  if (result.nonfinite_kept > 0) {
    run.report.warnings.push_back(
        fmt::format("{} elements are NaN or infinite in all checkpoints alike, and were kept",
                    result.nonfinite_kept));
  }
}

void WriteOutput(Run& run) {
  const std::unique_ptr<Output> output = run.inputs[run.plan.template_index]->BeginOutput(
      {.path = run.job.output,
       .replace_existing = run.job.replace_existing,
       .replaced = run.plan.averaged,
       .provenance = RecordFor(run)});
  CompareKeptTensors(run);
  const AverageRun average{.inputs = run.inputs,
                           .plan = run.plan,
                           .linear = run.linear,
                           .memory = run.memory,
                           .allow_nonfinite = run.job.allow_nonfinite,
                           .hash_inputs = run.job.write_provenance,
                           .instruction_set = run.job.instruction_set};
  NoteResult(run, RunAverage(average, *output, run.job.control));
  for (const Checkpoint* input : run.inputs) input->CheckUnchanged();
  run.report.durability = output->Commit(RecordFor(run));
  run.report.write_bytes = output->size_bytes();
}

void FinishReport(Run& run, Clock::time_point start) {
  const Checkpoint& reference = *run.inputs[run.plan.template_index];
  Report& report = run.report;
  report.output = run.job.output;
  report.averaged_tensors = run.plan.averaged.size();
  report.averaged_elements = run.plan.averaged_elements;
  report.kept = KeptTensors(run.plan, reference.tensors());
  report.workers = run.memory.workers;
  report.planned_memory_bytes = run.memory.peak_bytes;
  report.peak_memory_bytes = std::max(report.peak_memory_bytes, PeakMemoryBytes());
  if (!run.job.write_provenance && !reference.provenance().empty()) {
    report.warnings.push_back(
        "the output keeps the template's provenance record, which is not about it");
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

std::string_view Version() noexcept { return POLYAK_VERSION; }

Report Average(const Job& job) {
  const Clock::time_point start = Clock::now();
  const Method& method = FindMethod(job.method);
  Run run(job);
  run.linear = MakeWeights(method, job.options, job.inputs.size());
  run.report.method = job.method;
  for (const GivenOption& option : GivenOptions(job.options)) {
    run.report.options.push_back({std::string(option.name), option.value});
  }
  run.report.warnings = run.linear.warnings;
  run.plan.template_index = job.template_index.value_or(job.inputs.size() - 1);
  run.report.template_index = run.plan.template_index;
  if (run.plan.template_index >= job.inputs.size()) {
    throw Error(ErrorKind::kUsage, "the template is not one of the inputs");
  }

  const std::uint64_t index_bytes = OpenInputs(run);
  // A helper's peak is over before the tiles': the two don't add up.
  run.report.peak_memory_bytes = PeakMemoryBytes() + PeakMemoryBytesOfChildren();
  RefuseOutputOverInput(run);
  WarnOfRepeated(run);
  DescribeInputs(run);
  MakeAllPlans(run, index_bytes);
  WriteOutput(run);
  FinishReport(run, start);
  return std::move(run.report);
}

}  // namespace polyak
