#include "engine/job_list.h"

#include <gtest/gtest.h>

#include <random>

#include "plan/memory_plan.h"

namespace polyak {
namespace {

TEST(JobList, CoversEveryGrainOnceInOrder) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<WorkArray> arrays;
    for (std::size_t i = 0; i < 1 + random() % 60; ++i) {
      const std::uint64_t size =
          random() % 3 == 0 ? random() % (std::uint64_t{40} << 20) : 1 + random() % 5000;
      arrays.push_back(PlainArray(100 + i, size + 1));
      if (random() % 4 == 0) arrays.back().grains = 1 + random() % 50;  // chunks
    }
    const JobList jobs(arrays, 1 + random() % 8);
    std::vector<std::pair<std::size_t, std::uint64_t>> found;
    for (std::size_t job = 0; job < jobs.size(); ++job) {
      EXPECT_FALSE(jobs[job].empty());
      for (const GrainRun& run : jobs[job]) {
        for (std::uint64_t g = 0; g < run.grains; ++g) {
          found.emplace_back(run.tensor, run.first_grain + g);
        }
      }
    }
    std::vector<std::pair<std::size_t, std::uint64_t>> expected;
    for (const WorkArray& array : arrays) {
      for (std::uint64_t g = 0; g < array.grains; ++g) expected.emplace_back(array.tensor, g);
    }
    EXPECT_EQ(found, expected);
  }
}

TEST(JobList, JoinsSmallNeighboursAndCutsLargeTensors) {
  const std::vector<WorkArray> small(10000, PlainArray(0, 1024));
  EXPECT_LE(JobList(small, 2).size(), 100U);
  const std::vector<WorkArray> large = {PlainArray(0, std::uint64_t{100} << 20)};
  EXPECT_GE(JobList(large, 2).size(), 20U);
}

TEST(JobList, CutsByTheBytesOfChunks) {
  WorkArray array = PlainArray(0, std::uint64_t{1} << 30);
  array.grains = 1024;
  EXPECT_GE(JobList({&array, 1}, 2).size(), 200U);
  array.grains = 10'000'000;
  EXPECT_LE(JobList({&array, 1}, 2).size(), 300U);
}

TEST(JobList, KeepsApartWhatIsToBeSo) {
  std::vector<WorkArray> arrays(5, PlainArray(0, 100));
  arrays[2].is_apart = true;
  EXPECT_EQ(JobList(arrays, 1).size(), 3U);
}

}  // namespace
}  // namespace polyak
