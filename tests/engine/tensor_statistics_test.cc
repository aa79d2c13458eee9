#include "engine/tensor_statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <random>

#include "core/error.h"
#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::MakeTensor;

template <class T>
std::string Payload(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<float> RandomFloats(std::size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.5F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// The definition, level by level over the whole tensor: DESIGN.md's fixed tree.
double SumByDefinition(const std::vector<float>& values) {
  std::vector<double> level;
  for (std::size_t first = 0; first < values.size(); first += 4096) {
    std::array<double, 8> lanes{};
    for (std::size_t i = first; i < std::min(first + 4096, values.size()); ++i) {
      lanes.at((i - first) % 8) += static_cast<double>(values[i]);
    }
    level.push_back(((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
                    ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])));
  }
  while (level.size() > 1) {
    std::vector<double> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) next.push_back(level[i] + level[i + 1]);
    if (level.size() % 2 != 0) next.push_back(level.back());
    level = next;
  }
  return level[0];
}

TEST(TensorStatistics, AreThoseOfTheDefinitionWhateverWorkersAndTiles) {
  const std::vector<float> large = RandomFloats(2000003);
  const std::vector<float> small = RandomFloats(77);
  const FakeCheckpoint checkpoint(
      "c",
      {MakeTensor("large", DType::kFloat32, {2000003}, Payload(large)),
       MakeTensor("small", DType::kFloat32, {7, 11}, Payload(small)),
       MakeTensor("none", DType::kFloat32, {0}), MakeTensor("bytes", DType::kUInt8, {300000})});
  const double large_sum = SumByDefinition(large);
  const double small_sum = SumByDefinition(small);
  for (const std::size_t workers : {1U, 2U, 7U}) {
    for (const std::uint64_t tile_bytes : {4096U, 65536U, 262144U}) {
      const auto found =
          StatisticsOf(checkpoint, {.workers = workers, .tile_bytes = tile_bytes}, {});
      ASSERT_EQ(found.size(), 4U);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(found[0].sum),
                std::bit_cast<std::uint64_t>(large_sum));
      EXPECT_EQ(found[0].finite, large.size());
      EXPECT_EQ(std::bit_cast<std::uint64_t>(found[1].sum),
                std::bit_cast<std::uint64_t>(small_sum));
      EXPECT_EQ(found[2].elements(), 0U);
      EXPECT_EQ(found[3].zeros, 300000U);
    }
  }
}

TEST(TensorStatistics, LeaveOutWhatHasNone) {
  auto hidden = MakeTensor("hidden", DType::kFloat32, {4});
  hidden.info.unreadable = "for a test";
  const FakeCheckpoint checkpoint(
      "c", {hidden, MakeTensor("tiny", DType::kFloat8, {4}), MakeTensor("w", DType::kInt8, {4})});
  const auto found = StatisticsOf(checkpoint, {}, {});
  EXPECT_EQ(found[0].elements(), 0U);
  EXPECT_EQ(found[1].elements(), 0U);
  EXPECT_EQ(found[2].elements(), 4U);
  EXPECT_EQ(StatisticsMemory(checkpoint).average_bytes, 4U);
}

TEST(TensorStatistics, OfComplexNumbersAreThoseOfTheirParts) {
  const std::vector<float> parts = RandomFloats(600002);
  const FakeCheckpoint checkpoint(
      "c", {MakeTensor("complex", DType::kComplex64, {300001}, Payload(parts)),
            MakeTensor("parts", DType::kFloat32, {600002}, Payload(parts))});
  for (const std::uint64_t tile_bytes : {4096U, 262144U}) {
    const auto found = StatisticsOf(checkpoint, {.workers = 2, .tile_bytes = tile_bytes}, {});
    EXPECT_EQ(found[0].finite, parts.size());
    EXPECT_EQ(found[0].min, found[1].min);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(found[0].sum),
              std::bit_cast<std::uint64_t>(SumByDefinition(parts)));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(found[0].squares),
              std::bit_cast<std::uint64_t>(found[1].squares));
  }
}

TEST(TensorStatistics, EndWhenStopped) {
  const std::atomic<bool> stop = true;
  const FakeCheckpoint checkpoint("c", {MakeTensor("w", DType::kInt8, {4})});
  EXPECT_THROW(StatisticsOf(checkpoint, {}, {.stop = &stop, .progress = {}}), Error);
}

}  // namespace
}  // namespace polyak
