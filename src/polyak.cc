#include "polyak.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <system_error>
#include <utility>

#include "engine/average_run.h"
#include "formats/registry.h"
#include "io/memory_use.h"
#include "prepared_run.h"
#include "report/provenance.h"

namespace polyak {
namespace {

std::string RecordFor(PreparedRun& run) {
  if (!run.job().write_provenance) return {};
  return ProvenanceRecord(run.report());
}

void NoteResult(PreparedRun& run, const AverageResult& result) {
  run.report().read_bytes = result.read_bytes;
  for (std::size_t k = 0; k < run.inputs().size(); ++k) {
    run.report().inputs[k].payload_hash = result.payload_hashes[k];
  }
  if (result.nonfinite_kept > 0) {
    const bool is_one = result.nonfinite_kept == 1;
    run.Warn(fmt::format("{} {} NaN or infinite in all checkpoints alike, and {} kept",
                         result.nonfinite_kept, is_one ? "element is" : "elements are",
                         is_one ? "was" : "were"));
  }
}

void WriteOutput(PreparedRun& run) {
  const Job& job = run.job();
  OutputRequest request = OutputRequestOf(job);
  request.replaced = run.plan().averaged;
  request.provenance = RecordFor(run);
  const std::unique_ptr<Output> output = run.reference().BeginOutput(request);
  const AverageRun average{.inputs = run.inputs(),
                           .plan = run.plan(),
                           .linear = run.linear(),
                           .memory = run.memory(),
                           .allow_nonfinite = job.allow_nonfinite,
                           .hash_inputs = job.write_provenance,
                           .instruction_set = job.instruction_set};
  NoteResult(run, RunAverage(average, *output, job.control));
  run.CheckStrict();
  for (const Checkpoint* input : run.inputs()) input->CheckUnchanged();
  run.report().seconds.average = run.LapSeconds();
  run.report().durability = output->Commit(RecordFor(run));
  run.report().seconds.commit = run.LapSeconds();
  run.report().write_bytes = output->size_bytes();
}

Report Finish(PreparedRun& run) {
  Report& report = run.report();
  Timings& seconds = report.seconds;
  seconds.total = seconds.open + seconds.plan + seconds.compare + seconds.average + seconds.commit;
  report.peak_memory_bytes = std::max(report.peak_memory_bytes, PeakMemoryBytes());
  return std::move(report);
}

}  // namespace

std::string_view Version() noexcept { return POLYAK_VERSION; }

Report Average(const Job& job) {
  PreparedRun run(job);
  WriteOutput(run);
  return Finish(run);
}

Report PlanAverage(const Job& job) {
  PreparedRun run(job);
  Report& report = run.report();
  report.is_dry_run = true;
  report.write_bytes += RecordFor(run).size();
  if (report.free_bytes > 0 && report.write_bytes > report.free_bytes) {
    run.Warn(fmt::format("{}: there may be too little room (free {} bytes, needed {})",
                         job.output.string(), report.free_bytes, report.write_bytes));
  }
  run.CheckStrict();
  return Finish(run);
}

bool IsPartOfCheckpoint(const std::filesystem::path& path) { return IsPartOfAnother(path); }

bool IsCheckpoint(const std::filesystem::path& path) {
  const bool is_named = IsNamedAsCheckpoint(path);
  std::error_code error;
  if (!is_named && !std::filesystem::is_regular_file(path, error)) return false;
  if (IsRecognised(path)) return true;
  if (!is_named) return false;
  throw Error(ErrorKind::kCorrupt, "is named as a checkpoint, but its content isn't one",
              "a glob, or the files one by one, can leave it out");
}

}  // namespace polyak
