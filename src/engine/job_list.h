// The work as one list: consecutive grains (fixed runs of bytes) of the tensors to be worked on,
// large tensors cut into several jobs, small neighbours joined into one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace polyak {

// Consecutive grains of one tensor.
struct GrainRun {
  std::size_t tensor = 0;
  std::uint64_t first_grain = 0;
  std::uint64_t grains = 0;
};

class JobList {
 public:
  // `averaged` are indices into `tensors`. Jobs are cut so that `workers` have several each. The
  // tensors of `apart` (ascending) share no job with others.
  JobList(std::span<const TensorInfo> tensors, std::span<const std::size_t> averaged,
          std::size_t workers, std::span<const std::size_t> apart = {});
  // All of some arrays, whose numbers stand for tensors: how many bytes each has.
  JobList(std::span<const std::uint64_t> array_bytes, std::size_t workers);

  std::size_t size() const noexcept { return begins_.size() - 1; }
  std::span<const GrainRun> operator[](std::size_t job) const noexcept;

 private:
  struct Array {
    std::size_t tensor;
    std::uint64_t bytes;
    bool is_apart;
  };
  template <class ArrayAt>
  void Fill(std::size_t count, std::size_t workers, const ArrayAt& array_at);

  std::vector<GrainRun> runs_;
  std::vector<std::size_t> begins_ = {0};  // of each job in runs_, and the end
};

}  // namespace polyak
