#include "engine/average_run.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "arithmetic/linear_mean.h"
#include "engine/job_list.h"
#include "engine/payload_hashes.h"
#include "engine/tile_worker.h"
#include "engine/workers.h"

namespace polyak {
namespace {

// Inputs of weight 0 are matched, but their values aren't looked at.
std::vector<std::size_t> InputsWithWeight(const Linear& linear) {
  std::vector<std::size_t> inputs;
  for (std::size_t k = 0; k < linear.weights.size(); ++k) {
    if (linear.weights[k] != 0) inputs.push_back(k);
  }
  return inputs;
}

std::vector<double> WeightsOf(const Linear& linear, std::span<const std::size_t> inputs) {
  std::vector<double> weights;
  for (const std::size_t k : inputs) weights.push_back(linear.weights[k]);
  return weights;
}

void CopyKept(const AverageRun& run, Output& output, const RunControl& control,
              std::atomic<std::uint64_t>& done_bytes, std::uint64_t total_bytes) {
  const auto make_worker = [&]() -> DoJob {
    return [&](std::size_t part) { done_bytes += output.WriteKept(part); };
  };
  RunJobs(run.memory.workers, output.kept_parts(), make_worker, control, done_bytes, total_bytes);
}

}  // namespace

AverageResult RunAverage(const AverageRun& run, Output& output, const RunControl& control) {
  const std::vector<std::size_t> used = InputsWithWeight(run.linear);
  const LinearMean mean(WeightsOf(run.linear, used), run.linear.normalised, run.allow_nonfinite,
                        run.instruction_set);
  const JobList jobs(run.inputs[run.plan.template_index]->tensors(), run.plan.averaged,
                     run.memory.workers);
  const std::uint64_t read_bytes = run.plan.averaged_bytes * used.size();
  const std::uint64_t total_bytes = read_bytes + output.kept_bytes();
  std::unique_ptr<PayloadHashes> hashes;
  if (run.hash_inputs) hashes = std::make_unique<PayloadHashes>(used.size());
  std::atomic<std::uint64_t> done_bytes = 0;
  std::atomic<std::uint64_t> nonfinite_kept = 0;

  CopyKept(run, output, control, done_bytes, total_bytes);
  const TileShared shared{run,          used,       mean,           jobs,   output,
                          hashes.get(), done_bytes, nonfinite_kept, control};
  const auto make_worker = [&]() -> DoJob {
    return [worker = std::make_shared<TileWorker>(shared)](std::size_t job) { worker->Do(job); };
  };
  RunJobs(run.memory.workers, jobs.size(), make_worker, control, done_bytes, total_bytes);

  AverageResult result{.read_bytes = read_bytes,
                       .nonfinite_kept = nonfinite_kept,
                       .payload_hashes = std::vector<std::string>(run.inputs.size())};
  if (hashes) {
    std::vector<std::string> texts = hashes->Finish();
    for (std::size_t i = 0; i < used.size(); ++i) {
      result.payload_hashes[used[i]] = std::move(texts[i]);
    }
  }
  return result;
}

}  // namespace polyak
