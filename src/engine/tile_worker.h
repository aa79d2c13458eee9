// One thread's share of an averaging run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arithmetic/linear_mean.h"
#include "engine/average_run.h"
#include "engine/job_list.h"
#include "engine/payload_hashes.h"
#include "engine/run_control.h"

namespace polyak {

// What all workers of a run share; nothing of it is owned.
struct TileShared {
  const AverageRun& run;
  std::span<const std::size_t> used;  // the inputs with a weight, in order
  const LinearMean& mean;
  const JobList& jobs;
  Output& output;
  PayloadHashes* hashes;  // null: none wanted
  std::atomic<std::uint64_t>& done_bytes;
  std::atomic<std::uint64_t>& nonfinite_kept;
  const RunControl& control;
};

// Its buffers are allocated once, from the plan's sizes, and reused for every tile. Not shared
// between threads; what it is made of must outlive it.
class TileWorker {
 public:
  explicit TileWorker(const TileShared& shared);

  // All tiles of one job. Throws as RunAverage does.
  void Do(std::size_t job);

 private:
  // How many of the first runs are small tensors that are worked on together.
  std::size_t SmallTensorsIn(std::span<const GrainRun> runs) const;
  void DoTogether(std::span<const GrainRun> runs);
  void ReadTogether(std::size_t i, std::span<const GrainRun> runs);
  void DoGrains(const GrainRun& grains);
  void DoTile(std::size_t tensor, const Box& box);
  // The mean of what lies at `offset` in the tiles, to the same place in result_.
  void Combine(std::size_t tensor, const Box& box, std::uint64_t offset);
  const TensorInfo& InfoOf(std::size_t tensor) const;
  [[noreturn]] void Fail(const MeanFault& fault, std::size_t tensor, const Box& box) const;

  TileShared shared_;
  std::vector<std::byte> memory_;
  std::vector<std::byte*> tiles_;  // of each used input
  std::byte* result_;
  std::vector<const std::byte*> combined_;  // of each used input
  std::vector<TensorToRead> to_read_;
  std::vector<TensorToWrite> to_write_;
  // Of each used input: the grain under way, and the finished ones of this job.
  std::vector<GrainHash> grain_hash_;
  std::vector<std::vector<XXH128_hash_t>> grain_hashes_;
};

}  // namespace polyak
