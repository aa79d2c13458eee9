#include "engine/job_list.h"

#include <gtest/gtest.h>

#include <random>

#include "plan/memory_plan.h"

namespace polyak {
namespace {

TensorInfo Bytes(std::uint64_t bytes) {
  TensorInfo tensor;
  tensor.element_bytes = 1;
  tensor.elements = bytes;
  return tensor;
}

TEST(JobList, CoversEveryGrainOnceInOrder) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<TensorInfo> tensors;
    std::vector<std::size_t> averaged;
    for (std::size_t i = 0; i < 1 + random() % 60; ++i) {
      const std::uint64_t size =
          random() % 3 == 0 ? random() % (std::uint64_t{40} << 20) : 1 + random() % 5000;
      tensors.push_back(Bytes(size + 1));
      if (random() % 4 != 0) averaged.push_back(i);
    }
    const JobList jobs(tensors, averaged, 1 + random() % 8);
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
    for (const std::size_t tensor : averaged) {
      const std::uint64_t bytes = tensors[tensor].bytes();
      for (std::uint64_t g = 0; g * kGrainBytes < bytes; ++g) expected.emplace_back(tensor, g);
    }
    EXPECT_EQ(found, expected);
  }
}

TEST(JobList, JoinsSmallNeighboursAndCutsLargeTensors) {
  const std::vector<TensorInfo> small(10000, Bytes(1024));
  std::vector<std::size_t> averaged(small.size());
  for (std::size_t i = 0; i < averaged.size(); ++i) averaged[i] = i;
  EXPECT_LE(JobList(small, averaged, 2).size(), 100U);
  const std::vector<TensorInfo> large = {Bytes(std::uint64_t{100} << 20)};
  const std::vector<std::size_t> one = {0};
  EXPECT_GE(JobList(large, one, 2).size(), 20U);
}

}  // namespace
}  // namespace polyak
