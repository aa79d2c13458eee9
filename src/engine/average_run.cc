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

// Of the template's averaged tensors; those of `apart` (ascending) are worked on by themselves.
std::vector<WorkArray> ArraysOf(const AverageRun& run, std::span<const std::size_t> apart) {
  const Checkpoint& reference = *run.inputs[run.plan.template_index];
  std::vector<WorkArray> arrays;
  arrays.reserve(run.plan.averaged.size());
  for (const std::size_t tensor : run.plan.averaged) {
    WorkArray& array = arrays.emplace_back(PlainArray(tensor, reference.tensors()[tensor].bytes()));
    array.is_apart = std::ranges::binary_search(apart, tensor);
    if (const auto chunks = reference.ChunksOf(tensor)) array.grains = chunks->count();
  }
  return arrays;
}

// The pass in its parts, which share what counts the bytes.
class AveragingPass {
 public:
  AveragingPass(const AverageRun& run, std::span<const std::size_t> used, const LinearMean& mean,
                Output& output, PayloadHashes* hashes, const RunControl& control)
      : run_(run),
        output_(output),
        control_(control),
        jobs_(ArraysOf(run, output.written_first()), run.memory.workers),
        read_bytes_(run.plan.averaged_bytes * used.size()),
        shared_{run, used, mean, jobs_, output, hashes, done_bytes_, nonfinite_kept_, control} {}

  // Those tensors first whose size decides where all else lies.
  void Run() {
    std::vector<std::size_t> first;
    std::vector<std::size_t> others;
    for (std::size_t job = 0; job < jobs_.size(); ++job) {
      (std::ranges::binary_search(output_.written_first(), jobs_[job][0].tensor) ? first : others)
          .push_back(job);
    }
    if (!first.empty()) Average(first, read_bytes_);
    output_.LayOut();
    const std::uint64_t total_bytes = read_bytes_ + output_.kept_bytes();
    CopyKept(total_bytes);
    Average(others, total_bytes);
  }

  std::uint64_t read_bytes() const noexcept { return read_bytes_; }
  std::uint64_t nonfinite_kept() const noexcept { return nonfinite_kept_; }

 private:
  void CopyKept(std::uint64_t total_bytes) {
    const auto make_worker = [this]() -> DoJob {
      return [this](std::size_t part) { done_bytes_ += output_.WriteKept(part); };
    };
    RunJobs(run_.memory.workers, output_.kept_parts(), make_worker, control_, done_bytes_,
            total_bytes);
  }

  void Average(std::span<const std::size_t> numbers, std::uint64_t total_bytes) {
    const auto make_worker = [&]() -> DoJob {
      return [numbers, worker = std::make_shared<TileWorker>(shared_)](std::size_t i) {
        worker->Do(numbers[i]);
      };
    };
    RunJobs(run_.memory.workers, numbers.size(), make_worker, control_, done_bytes_, total_bytes);
  }

  const AverageRun& run_;
  Output& output_;
  const RunControl& control_;
  JobList jobs_;
  std::uint64_t read_bytes_;
  std::atomic<std::uint64_t> done_bytes_ = 0;
  std::atomic<std::uint64_t> nonfinite_kept_ = 0;
  TileShared shared_;
};

}  // namespace

AverageResult RunAverage(const AverageRun& run, Output& output, const RunControl& control) {
  const std::vector<std::size_t> used = InputsWithWeight(run.linear);
  const LinearMean mean(WeightsOf(run.linear, used), run.linear.normalised, run.allow_nonfinite,
                        run.instruction_set);
  std::unique_ptr<PayloadHashes> hashes;
  if (run.hash_inputs) hashes = std::make_unique<PayloadHashes>(used.size());
  AveragingPass pass(run, used, mean, output, hashes.get(), control);
  pass.Run();

  AverageResult result{.read_bytes = pass.read_bytes(),
                       .nonfinite_kept = pass.nonfinite_kept(),
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
