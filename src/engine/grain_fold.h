// Folds what workers found in the grains of many arrays, in the order of the grains, so that the
// results don't depend on which worker came first. What comes before its turn waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "arithmetic/pairwise_fold.h"
#include "core/mutex.h"
#include "engine/job_list.h"
#include "engine/run_control.h"
#include "engine/workers.h"

namespace polyak {

// Add may be called from any thread; Finish when nothing else is under way.
template <class Part>
class GrainFold {
 public:
  GrainFold(const JobList& jobs, std::size_t arrays) : jobs_(jobs), results_(arrays) {}

  // What was found in each grain of a job, in their order. Jobs come in any order, each once.
  void Add(std::size_t job, std::vector<Part> grains) {
    const MutexLock lock(mutex_);
    waiting_.emplace(job, std::move(grains));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_job_;
         first = waiting_.begin(), ++next_job_) {
      FoldJob(first->second);
      waiting_.erase(first);
    }
  }

  // Of each array all its grains, pairwise in order; of one without grains the empty part.
  std::vector<Part> Finish() {
    const MutexLock lock(mutex_);
    EndArray();
    return std::move(results_);
  }

 private:
  void FoldJob(std::vector<Part>& grains) POLYAK_REQUIRES(mutex_) {
    std::size_t next = 0;
    for (const GrainRun& run : jobs_[next_job_]) {
      if (run.tensor != array_) EndArray();
      array_ = run.tensor;
      for (std::uint64_t g = 0; g < run.grains; ++g) fold_.Add(std::move(grains[next++]));
      is_begun_ = true;
    }
  }

  void EndArray() POLYAK_REQUIRES(mutex_) {
    if (is_begun_) results_[array_] = fold_.Take();
    is_begun_ = false;
  }

  const JobList& jobs_;
  Mutex mutex_;  // guards the folding, which goes in order of the jobs
  std::map<std::size_t, std::vector<Part>> waiting_ POLYAK_GUARDED_BY(mutex_);
  std::size_t next_job_ POLYAK_GUARDED_BY(mutex_) = 0;
  std::size_t array_ POLYAK_GUARDED_BY(mutex_) = 0;  // the one whose grains come
  bool is_begun_ POLYAK_GUARDED_BY(mutex_) = false;
  PairwiseFold<Part> fold_ POLYAK_GUARDED_BY(mutex_);
  std::vector<Part> results_ POLYAK_GUARDED_BY(mutex_);
};

// One worker's way to look at a grain of an array; made in its own thread, used only there.
template <class Part>
using LookAtGrain = std::function<Part(std::size_t array, std::uint64_t grain)>;

// Looks at all grains of arrays of these sizes on `workers` threads and returns of each array all
// its grains folded. Throws what looking and stopping throw, as RunJobs does.
template <class Part>
std::vector<Part> FoldGrains(std::span<const std::uint64_t> array_bytes, std::size_t workers,
                             const std::function<LookAtGrain<Part>()>& make_worker,
                             const RunControl& control,
                             const std::atomic<std::uint64_t>& done_bytes,
                             std::uint64_t total_bytes) {
  std::vector<WorkArray> arrays;
  for (std::size_t i = 0; i < array_bytes.size(); ++i) {
    arrays.push_back(PlainArray(i, array_bytes[i]));
  }
  const JobList jobs(arrays, workers);
  GrainFold<Part> fold(jobs, array_bytes.size());
  const auto make_job_worker = [&]() -> DoJob {
    return [&, look = make_worker()](std::size_t job) {
      std::vector<Part> found;
      for (const GrainRun& run : jobs[job]) {
        for (std::uint64_t g = 0; g < run.grains; ++g) {
          found.push_back(look(run.tensor, run.first_grain + g));
        }
      }
      fold.Add(job, std::move(found));
    };
  };
  RunJobs(workers, jobs.size(), make_job_worker, control, done_bytes, total_bytes);
  return fold.Finish();
}

}  // namespace polyak
