#include "engine/job_list.h"

#include <algorithm>
#include <utility>

#include "plan/memory_plan.h"

namespace polyak {
namespace {

constexpr std::uint64_t kMostBytesOfJob = 16 * kGrainBytes;
constexpr std::uint64_t kJobsOfWorker = 16;

}  // namespace

WorkArray PlainArray(std::size_t tensor, std::uint64_t bytes) noexcept {
  return {tensor, bytes, bytes / kGrainBytes + (bytes % kGrainBytes != 0), false};
}

JobList::JobList(std::span<const WorkArray> arrays, std::size_t workers) {
  std::uint64_t total_bytes = 0;
  for (const WorkArray& array : arrays) total_bytes += array.bytes;
  const std::uint64_t job_bytes =
      std::clamp(total_bytes / (workers * kJobsOfWorker) / kGrainBytes * kGrainBytes, kGrainBytes,
                 kMostBytesOfJob);
  std::uint64_t bytes_of_job = 0;
  bool job_is_apart = false;
  const auto end_job = [&] {
    if (runs_.size() > begins_.back()) begins_.push_back(runs_.size());
    bytes_of_job = 0;
  };
  for (const WorkArray& array : arrays) {
    if (array.grains == 0) continue;
    if (std::exchange(job_is_apart, array.is_apart) != array.is_apart) end_job();
    const std::uint64_t grain_bytes = std::max<std::uint64_t>(1, array.bytes / array.grains);
    const std::uint64_t grains_of_job = std::max<std::uint64_t>(1, job_bytes / grain_bytes);
    for (std::uint64_t first = 0; first < array.grains;) {
      const std::uint64_t taken = std::min(array.grains - first, grains_of_job);
      runs_.push_back({array.tensor, first, taken});
      bytes_of_job += std::min(taken * grain_bytes, array.bytes);
      first += taken;
      if (bytes_of_job >= job_bytes) end_job();
    }
  }
  end_job();
}

std::span<const GrainRun> JobList::operator[](std::size_t job) const noexcept {
  return std::span(runs_).subspan(begins_[job], begins_[job + 1] - begins_[job]);
}

}  // namespace polyak
