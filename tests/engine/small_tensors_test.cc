// Averages of many small tensors, which are read, combined and written together.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/error.h"
#include "engine/average_run.h"
#include "io/extents.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kTensors = 3000;

// Multiples of 4: means with weights 1, 2, 1 and 1, 0, 3 are exact.
std::vector<float> ValuesOf(std::size_t tensor, std::size_t input) {
  std::mt19937 random(static_cast<unsigned>(tensor));
  // Mostly a few numbers; now and then one that is not small, or just is.
  const std::size_t sizes[] = {1,   1 + random() % 9, 1 + random() % 300, 1 + random() % 40, 1024,
                               1025};
  std::vector<float> values(sizes[tensor % 50 == 0 ? 4 + tensor / 50 % 2 : tensor % 4]);
  random.seed(static_cast<unsigned>(tensor * 100 + input + 1));
  for (float& value : values) value = 4.0F * static_cast<float>(random() % 100000);
  return values;
}

std::string NameOf(std::size_t tensor) { return fmt::format("t{:04}", tensor); }

class SmallTensorsTest : public ::testing::Test {
 protected:
  // Of the tensors in this order, with bytes of something else between them.
  void Add(const std::vector<std::size_t>& order, std::uint8_t swapped_bytes = 0) {
    const std::size_t input = owned_.size();
    std::string bytes;
    std::vector<TensorInfo> infos;
    std::vector<Payload> payloads;
    for (const std::size_t tensor : order) {
      bytes += std::string(tensor % 7, '-');
      const std::vector<float> values = ValuesOf(tensor, input);
      TensorInfo& info = infos.emplace_back();
      info.name = NameOf(tensor);
      info.dtype = DType::kFloat32;
      info.element_bytes = 4;
      info.elements = values.size();
      info.shape = {values.size()};
      info.role = Role::kParameter;
      info.stored_bytes = info.bytes();
      payloads.push_back({.runs = {{bytes.size(), info.bytes()}}, .swapped_bytes = swapped_bytes});
      const std::size_t at = bytes.size();
      bytes.resize(at + info.bytes());
      std::memcpy(bytes.data() + at, values.data(), info.bytes());
      SwapBytes(std::as_writable_bytes(std::span(bytes).subspan(at)), swapped_bytes);
    }
    const auto path = folder_ / fmt::format("{}", input);
    test::WriteFile(path, bytes);
    files_.push_back(bytes);
    payloads_.push_back(payloads);
    orders_.push_back(order);
    owned_.push_back(std::make_unique<ExtentCheckpoint>(InputFiles{InputFile::Open(path)}, infos,
                                                        std::move(payloads)));
    inputs_.push_back(owned_.back().get());
  }

  // One in order, one in any, big-endian; the template is in order but for a few.
  void AddThree() {
    std::vector<std::size_t> order(kTensors);
    for (std::size_t i = 0; i < kTensors; ++i) order[i] = i;
    Add(order);
    std::vector<std::size_t> shuffled = order;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));
    Add(shuffled, 4);
    for (std::size_t i = 10; i + 1 < kTensors; i += 97) std::swap(order[i], order[i + 1]);
    Add(order);
  }

  std::string Average(const Linear& linear, std::size_t workers, std::uint64_t tile_bytes) {
    const Plan plan = MakePlan(inputs_, {.template_index = inputs_.size() - 1});
    const MemoryPlan memory{.workers = workers, .tile_bytes = tile_bytes, .largest_chunk_bytes = 0};
    const auto output = inputs_.back()->BeginOutput(
        {.path = folder_ / "out", .replace_existing = true, .replaced = plan.averaged});
    result_ = RunAverage({.inputs = inputs_, .plan = plan, .linear = linear, .memory = memory},
                         *output, {});
    output->Commit("");
    return test::ReadFile(folder_ / "out");
  }

  std::string Failure() {
    try {
      Average({.weights = {1, 0, 3}}, 2, 65536);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  // The template with other elements.
  std::string Expected(const std::vector<float>& weights) const {
    std::string expected = files_.back();
    float total = 0;
    for (const float weight : weights) total += weight;
    for (std::size_t i = 0; i < kTensors; ++i) {
      const std::size_t tensor = orders_.back()[i];
      std::vector<float> mean(ValuesOf(tensor, 0).size());
      for (std::size_t k = 0; k < weights.size(); ++k) {
        const std::vector<float> values = ValuesOf(tensor, k);
        for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += weights[k] * values[e];
      }
      for (float& value : mean) value /= total;
      std::memcpy(expected.data() + payloads_.back()[i].runs[0].offset, mean.data(),
                  mean.size() * 4);
    }
    return expected;
  }

  // Of each tensor, in the template's order, then of those: none has more than one grain.
  std::string HashOfInput(std::size_t input) const {
    std::string hashes;
    for (const std::size_t tensor : orders_.back()) {
      const std::vector<float> values = ValuesOf(tensor, input);
      XXH128_canonical_t canonical;
      XXH128_canonicalFromHash(&canonical, XXH3_128bits(values.data(), values.size() * 4));
      hashes.append(reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest));
    }
    const XXH128_hash_t all = XXH3_128bits(hashes.data(), hashes.size());
    return fmt::format("{:016x}{:016x}", all.high64, all.low64);
  }

  std::size_t PlaceInTemplate(std::size_t tensor) const {
    return static_cast<std::size_t>(std::ranges::find(orders_.back(), tensor) -
                                    orders_.back().begin());
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> files_;
  std::vector<std::vector<Payload>> payloads_;
  std::vector<std::vector<std::size_t>> orders_;
  std::vector<std::unique_ptr<Checkpoint>> owned_;
  std::vector<const Checkpoint*> inputs_;
  AverageResult result_;
};

TEST_F(SmallTensorsTest, AreAveragedInPlaceWhateverTheWorkersAndTiles) {
  AddThree();
  const std::string expected = Expected({1, 2, 1});
  for (const std::size_t workers : {1U, 3U}) {
    for (const std::uint64_t tile : {1024U, 4096U, 262144U}) {
      EXPECT_TRUE(Average({.weights = {1, 2, 1}}, workers, tile) == expected)
          << workers << " workers, tiles of " << tile << " bytes";
      for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(result_.payload_hashes[k], HashOfInput(k));
    }
  }
}

TEST_F(SmallTensorsTest, AreNotLookedAtInAnInputOfWeightZero) {
  AddThree();
  std::filesystem::resize_file(folder_ / "1", 0);
  EXPECT_TRUE(Average({.weights = {1, 0, 3}}, 2, 65536) == Expected({1, 0, 3}));
  EXPECT_EQ(result_.payload_hashes[1], "");
}

TEST_F(SmallTensorsTest, AreNamedWhereOneHasAnInfinity) {
  AddThree();
  const std::size_t tensor = 1202;
  const std::size_t last = ValuesOf(tensor, 0).size() - 1;
  ASSERT_GT(last, 0U);
  const float infinity = std::numeric_limits<float>::infinity();
  std::string bytes = files_[2];
  std::memcpy(bytes.data() + payloads_[2][PlaceInTemplate(tensor)].runs[0].offset + 4 * last,
              &infinity, 4);
  test::WriteFile(folder_ / "2", bytes);
  EXPECT_EQ(Failure(), (folder_ / "2").string() + ": " + NameOf(tensor) +
                           fmt::format(": NaN or infinity at element {0} (index [{0}])", last));
}

TEST_F(SmallTensorsTest, AreNamedWhereTheFileEndsInOne) {
  AddThree();
  const std::size_t tensor = kTensors - 5;
  std::filesystem::resize_file(folder_ / "0", payloads_[0][tensor].runs[0].offset + 2);
  EXPECT_THAT(Failure(),
              HasSubstr((folder_ / "0").string() + ": " + NameOf(tensor) + ": the file ends"));
}

}  // namespace
}  // namespace polyak
