#include "plan/memory_plan.h"

#include <gmock/gmock.h>

#include <string>

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

TEST(PlanMemory, NamesWhatMostOfTheMemoryWouldBeFor) {
  const auto message = [](const MemoryRequest& request) {
    try {
      PlanMemory(request);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(message({.index_bytes = 300 * kMiB, .largest_chunk_bytes = 50 * kMiB}),
              ::testing::HasSubstr("; 300 MiB are for what the checkpoints' indexes take)"));
  EXPECT_THAT(
      message({.inputs = 3, .largest_chunk_bytes = 100 * kMiB, .largest_chunk_of = "conv1.w"}),
      ::testing::HasSubstr(
          "; 400 MiB are for a chunk of conv1.w from each of 3 checkpoints, and the result)"));
  EXPECT_THAT(message({.inputs = 1, .scratch_bytes = 400 * kMiB}),
              ::testing::HasSubstr("; 400 MiB are for unpacking and packing chunks)"));
  EXPECT_THAT(message({.commit_bytes = 400 * kMiB}),
              ::testing::HasSubstr("; 400 MiB are for putting the output together)"));
  EXPECT_THAT(message({.inputs = 100'000}),
              ::testing::HasSubstr("; 782 MiB are for 100000 checkpoints at once)"));
}

// The number that a refusal names.
std::uint64_t NeededMiB(const MemoryRequest& request) {
  try {
    PlanMemory(request);
  } catch (const Error& error) {
    const std::string text = error.what();
    return std::stoull(text.substr(text.find("needs ") + 6));
  }
  return 0;
}

// As HDF5 asks: the helper has a quarter of the budget, the cache of chunks nearly an eighth.
MemoryRequest RequestOfChunks(std::uint64_t budget_bytes) {
  constexpr std::uint64_t kChunkBytes = 24 * kMiB;
  const std::uint64_t cache_bytes = budget_bytes / 9;
  return {.budget_bytes = budget_bytes,
          .index_bytes = 10 * kMiB + cache_bytes,
          .inputs = 4,
          .largest_chunk_bytes = kChunkBytes,
          .scratch_bytes = 2 * kChunkBytes + (kChunkBytes <= cache_bytes ? kChunkBytes : 0),
          .shared_bytes = HelperBudgetBytes(budget_bytes),
          .commit_bytes = 300 * kMiB + HelperBudgetBytes(budget_bytes)};
}

TEST(PlanMemory, NamesANumberThatIsEnoughThoughMoreIsAskedForWithMore) {
  for (const std::uint64_t budget : {64 * kMiB, 100 * kMiB, 256 * kMiB}) {
    const std::uint64_t needed_bytes = NeededMiB(RequestOfChunks(budget)) * kMiB;
    ASSERT_GT(needed_bytes, budget);
    EXPECT_NO_THROW(PlanMemory(RequestOfChunks(needed_bytes)));
    EXPECT_THROW(PlanMemory(RequestOfChunks(needed_bytes * 3 / 4)), Error) << "it is far too much";
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
