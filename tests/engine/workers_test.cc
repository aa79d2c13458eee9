#include "engine/workers.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/error.h"

namespace polyak {
namespace {

const std::atomic<std::uint64_t> kNoBytes = 0;

TEST(RunJobs, DoesEachJobOnce) {
  for (const std::size_t workers : {1U, 2U, 7U}) {
    std::vector<std::atomic<int>> done(1000);
    std::atomic<int> made = 0;
    RunJobs(
        workers, done.size(),
        [&]() -> DoJob {
          ++made;
          return [&](std::size_t job) { ++done[job]; };
        },
        {}, kNoBytes, 0);
    for (const auto& count : done) EXPECT_EQ(count, 1);
    EXPECT_EQ(made, static_cast<int>(workers));
  }
}

TEST(RunJobs, ThrowsWhatTheLowestFailingJobThrew) {
  for (int round = 0; round < 20; ++round) {
    const auto make_worker = []() -> DoJob {
      return [](std::size_t job) {
        if (job == 3) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (job >= 3) throw Error(ErrorKind::kCorrupt, "job " + std::to_string(job));
      };
    };
    try {
      RunJobs(4, 100, make_worker, {}, kNoBytes, 0);
      FAIL();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "job 3");
    }
  }
}

TEST(RunJobs, EndsSoonWhenStopped) {
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> done = 0;
  const auto make_worker = [&]() -> DoJob {
    return [&](std::size_t job) {
      ++done;
      if (job == 5) stop = true;
    };
  };
  try {
    RunJobs(2, 1000000, make_worker, {.stop = &stop, .progress = {}}, kNoBytes, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  EXPECT_LT(done, 1000000U);
}

TEST(RunJobs, ReportsProgressToTheCallersThread) {
  std::atomic<std::uint64_t> bytes = 0;
  std::uint64_t last = 0;
  const std::thread::id caller = std::this_thread::get_id();
  RunControl control;
  control.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(total, 30U);
    EXPECT_GE(done, last);
    last = done;
  };
  RunJobs(
      2, 3, [&]() -> DoJob { return [&](std::size_t) { bytes += 10; }; }, control, bytes, 30);
  EXPECT_EQ(last, 30U);
}

TEST(RunJobs, PassesOnAFailureToMakeAWorker) {
  const auto make_worker = []() -> DoJob { throw std::bad_alloc(); };
  EXPECT_THROW(RunJobs(2, 10, make_worker, {}, kNoBytes, 0), std::bad_alloc);
}

}  // namespace
}  // namespace polyak
