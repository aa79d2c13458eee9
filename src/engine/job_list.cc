#include "engine/job_list.h"

#include <algorithm>
#include <utility>

#include "plan/memory_plan.h"

namespace polyak {
namespace {

constexpr std::uint64_t kMostGrainsOfJob = 16;
constexpr std::uint64_t kJobsOfWorker = 16;

std::uint64_t GrainsIn(std::uint64_t bytes) {
  return bytes / kGrainBytes + (bytes % kGrainBytes != 0);
}

}  // namespace

JobList::JobList(std::span<const TensorInfo> tensors, std::span<const std::size_t> averaged,
                 std::size_t workers, std::span<const std::size_t> apart) {
  Fill(averaged.size(), workers, [&](std::size_t i) -> Array {
    const std::size_t tensor = averaged[i];
    return {tensor, tensors[tensor].bytes(), std::ranges::binary_search(apart, tensor)};
  });
}

JobList::JobList(std::span<const std::uint64_t> array_bytes, std::size_t workers) {
  Fill(array_bytes.size(), workers, [&](std::size_t i) -> Array {
    return {i, array_bytes[i], false};
  });
}

template <class ArrayAt>
void JobList::Fill(std::size_t count, std::size_t workers, const ArrayAt& array_at) {
  std::uint64_t total_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) total_bytes += array_at(i).bytes;
  const std::uint64_t grains_of_job = std::clamp<std::uint64_t>(
      total_bytes / (workers * kJobsOfWorker) / kGrainBytes, 1, kMostGrainsOfJob);

  std::uint64_t bytes_of_job = 0;
  bool job_is_apart = false;
  const auto end_job = [&] {
    if (runs_.size() > begins_.back()) begins_.push_back(runs_.size());
    bytes_of_job = 0;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto [tensor, bytes, is_apart] = array_at(i);
    if (std::exchange(job_is_apart, is_apart) != is_apart) end_job();
    const std::uint64_t grains = GrainsIn(bytes);
    for (std::uint64_t first = 0; first < grains;) {
      const std::uint64_t taken = std::min(grains - first, grains_of_job);
      runs_.push_back({tensor, first, taken});
      bytes_of_job += std::min(taken * kGrainBytes, bytes);
      first += taken;
      if (bytes_of_job >= grains_of_job * kGrainBytes) end_job();
    }
  }
  end_job();
}

std::span<const GrainRun> JobList::operator[](std::size_t job) const noexcept {
  return std::span(runs_).subspan(begins_[job], begins_[job + 1] - begins_[job]);
}

}  // namespace polyak
