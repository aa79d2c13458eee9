// The work as one list: consecutive grains (fixed runs of bytes, or chunks) of the tensors to be
// worked on, large tensors cut into several jobs, small neighbours joined into one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace polyak {

// An array that is to be cut.
struct WorkArray {
  std::size_t tensor = 0;
  std::uint64_t bytes = 0;
  std::uint64_t grains = 0;  // at least 1 where there are bytes
  bool is_apart = false;     // shares no job with arrays that are not
};

// An array that is cut anywhere: into grains of kGrainBytes.
WorkArray PlainArray(std::size_t tensor, std::uint64_t bytes) noexcept;

// Consecutive grains of one tensor.
struct GrainRun {
  std::size_t tensor = 0;
  std::uint64_t first_grain = 0;
  std::uint64_t grains = 0;
};

class JobList {
 public:
  // Jobs are cut so that `workers` have several each.
  JobList(std::span<const WorkArray> arrays, std::size_t workers);

  std::size_t size() const noexcept { return begins_.size() - 1; }
  std::span<const GrainRun> operator[](std::size_t job) const noexcept;

 private:
  std::vector<GrainRun> runs_;
  std::vector<std::size_t> begins_ = {0};  // of each job in runs_, and the end
};

}  // namespace polyak
