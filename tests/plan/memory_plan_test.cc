#include "plan/memory_plan.h"

#include <gmock/gmock.h>

#include "core/error.h"

namespace polyak {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;

TEST(PlanMemory, StaysInTheBudgetForAnyNumberOfInputs) {
  for (const std::uint64_t budget : {64 * kMiB, 256 * kMiB, 1024 * kMiB}) {
    for (const std::size_t inputs : {2U, 5U, 50U, 300U, 1000U, 5000U}) {
      for (const std::size_t threads : {1U, 2U, 7U, 64U}) {
        const MemoryPlan plan = PlanMemory(
            {.budget_bytes = budget, .inputs = inputs, .threads = threads, .average_bytes = kMuch});
        EXPECT_LE(plan.peak_bytes, budget);
        EXPECT_GE(plan.peak_bytes, plan.workers * (inputs + 1) * plan.tile_bytes);
        EXPECT_GE(plan.workers, 1U);
        EXPECT_LE(plan.workers, threads);
        EXPECT_EQ(kGrainBytes % plan.tile_bytes, 0U) << "grains are whole tiles";
      }
    }
  }
}

TEST(PlanMemory, UsesNoMoreWorkersThanTheWorkIsWorth) {
  EXPECT_EQ(PlanMemory({.inputs = 2, .threads = 8, .average_bytes = 1000}).workers, 1U);
  EXPECT_EQ(PlanMemory({.inputs = 2, .threads = 8, .average_bytes = 3 * kMiB}).workers, 3U);
}

TEST(PlanMemory, RefusesWithTheNumberThatIsNeeded) {
  try {
    PlanMemory({.budget_bytes = 64 * kMiB, .index_bytes = 100 * kMiB});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("needs 117 MiB, has 64 MiB"));
  }
}

TEST(PlanMemory, RefusesABudgetBelowTheLeast) {
  EXPECT_THROW(PlanMemory({.budget_bytes = 63 * kMiB}), Error);
}

TEST(MemoryPlan, CountsChunksAndScratchOfEachWorker) {
  const MemoryPlan plan = PlanMemory({.inputs = 3,
                                      .threads = 8,
                                      .average_bytes = 1000 * kMiB,
                                      .largest_chunk_bytes = 10 * kMiB,
                                      .scratch_bytes = 15 * kMiB});
  EXPECT_EQ(plan.workers, 4U);  // of 4 * 10 + 15 MiB and a little
  EXPECT_LE(plan.peak_bytes, kDefaultMemoryBytes);
  EXPECT_GT(plan.peak_bytes, 4 * 55 * kMiB);
  EXPECT_THROW(PlanMemory({.inputs = 3, .largest_chunk_bytes = 100 * kMiB}), Error);
}

TEST(MemoryPlan, TakesCommittingForWhatComesAfterTheWorkers) {
  const MemoryRequest request{.inputs = 2, .threads = 2, .average_bytes = 100 * kMiB};
  MemoryRequest with_commit = request;
  with_commit.commit_bytes = 100 * kMiB;
  const MemoryPlan plan = PlanMemory(with_commit);
  EXPECT_EQ(plan.workers, PlanMemory(request).workers);
  EXPECT_GE(plan.peak_bytes, 100 * kMiB);
  EXPECT_LT(plan.peak_bytes, 100 * kMiB + PlanMemory(request).peak_bytes);
  with_commit.commit_bytes = 300 * kMiB;
  EXPECT_THROW(PlanMemory(with_commit), Error);
}

}  // namespace
}  // namespace polyak
