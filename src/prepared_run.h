// All of a run that comes before the first element is averaged: inputs are open, weights, plan and
// memory are decided, and the report says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "engine/comparison.h"
#include "methods/method.h"
#include "opening.h"
#include "plan/memory_plan.h"
#include "plan/plan.h"
#include "polyak.h"

namespace polyak {

// What of the request for its output a job says.
OutputRequest OutputRequestOf(const Job& job);

// Holds a reference to its job. Used by one thread.
class PreparedRun {
 public:
  // Opens, matches, decides; compares what is kept. Throws Error of every kind but kNonfinite.
  explicit PreparedRun(const Job& job);

  const Job& job() const noexcept { return job_; }
  const std::vector<const Checkpoint*>& inputs() const noexcept { return inputs_; }
  const Checkpoint& reference() const noexcept { return *inputs_[plan_.template_index]; }
  const Linear& linear() const noexcept { return linear_; }
  const Plan& plan() const noexcept { return plan_; }
  const MemoryPlan& memory() const noexcept { return memory_; }
  Report& report() noexcept { return report_; }

  // A warning for the report, told at once unless Job::strict makes it an error.
  void Warn(std::string text);
  // With Job::strict: throws Error (kMismatch) with all warnings so far, if there are any.
  void CheckStrict() const;
  // Seconds since the last call, or since the run began.
  double LapSeconds();

 private:
  using Clock = std::chrono::steady_clock;

  void DescribeJob();
  std::size_t TemplateIndex() const;
  void OpenInputs();
  void RefuseOutputOverInput() const;
  void RefuseOtherOutputs() const;
  [[noreturn]] void RefuseOutput(const std::string& what) const;
  void WarnOfRepeated();
  void DescribeInputs();
  void RefuseParts() const;
  WorkNeeds NeedsOfAll() const;
  std::string NameOfLargestChunk(std::uint64_t chunk_bytes) const;
  void MakePlans();
  void CompareKeptTensors();
  [[noreturn]] void Refuse(const TensorDifference& difference) const;

  const Job& job_;
  Clock::time_point lap_ = Clock::now();
  OpenedCheckpoints opened_;
  std::vector<const Checkpoint*> inputs_;
  Linear linear_;
  Plan plan_;
  MemoryPlan memory_;
  Report report_;
};

}  // namespace polyak
