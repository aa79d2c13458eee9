#include "engine/average_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <xxhash.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "io/extents.h"
#include "support/fake_checkpoint.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TensorInfo WeightOf(DType dtype, std::vector<std::uint64_t> shape) {
  TensorInfo info;
  info.name = "t";
  info.dtype = dtype;
  info.element_bytes = ElementBytes(dtype);
  info.elements = ElementsOf(shape);
  info.shape = std::move(shape);
  info.role = Role::kParameter;
  info.stored_bytes = info.bytes();
  return info;
}

// Stored row by row, but to be worked on in chunks.
class ChunkedCheckpoint final : public ExtentCheckpoint {
 public:
  ChunkedCheckpoint(const std::filesystem::path& path, std::vector<std::uint64_t> shape,
                    std::vector<std::uint64_t> chunk)
      : ExtentCheckpoint(InputFiles{InputFile::Open(path)},
                         std::vector{WeightOf(DType::kFloat32, shape)},
                         std::vector{Payload{.runs = {{0, ElementsOf(shape) * 4}}}}),
        chunks_(Tiles::Grid(shape, chunk)) {}

 private:
  std::optional<Tiles> DoChunksOf(std::size_t /*tensor*/) const override { return chunks_; }

  Tiles chunks_;
};

// Checkpoints of raw float32, or of pairs of them, in files, and the means for one averaging run
// over them.
class AverageRunTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, const std::vector<float>& values,
           std::vector<std::uint64_t> shape, DType dtype = DType::kFloat32) {
    std::string bytes(values.size() * 4, '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    test::WriteFile(folder_ / name, bytes);
    owned_.push_back(std::make_unique<ExtentCheckpoint>(
        InputFiles{InputFile::Open(folder_ / name)}, std::vector{WeightOf(dtype, std::move(shape))},
        std::vector{Payload{.runs = {{0, bytes.size()}}}}));
    inputs_.push_back(owned_.back().get());
  }

  void AddChunked(const std::string& name, const std::vector<float>& values,
                  const std::vector<std::uint64_t>& shape,
                  const std::vector<std::uint64_t>& chunk) {
    Add(name, values, shape);
    owned_.back() = std::make_unique<ChunkedCheckpoint>(folder_ / name, shape, chunk);
    inputs_.back() = owned_.back().get();
  }

  std::vector<float> Average(const Linear& linear, std::size_t workers, std::uint64_t tile_bytes,
                             bool allow_nonfinite = false) {
    const Plan plan = MakePlan(inputs_, {.template_index = inputs_.size() - 1});
    const MemoryPlan memory{
        .workers = workers, .tile_bytes = tile_bytes, .largest_chunk_bytes = 65536};
    const auto output = inputs_.back()->BeginOutput(
        {.path = folder_ / "out", .replace_existing = true, .replaced = plan.averaged});
    result_ = RunAverage({.inputs = inputs_,
                          .plan = plan,
                          .linear = linear,
                          .memory = memory,
                          .allow_nonfinite = allow_nonfinite},
                         *output, {});
    output->Commit("");
    const std::string bytes = test::ReadFile(folder_ / "out");
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  std::string Failure(const Linear& linear) {
    try {
      Average(linear, 2, 4096);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kNonfinite);
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
  std::vector<std::unique_ptr<Checkpoint>> owned_;
  std::vector<const Checkpoint*> inputs_;
  AverageResult result_;
};

TEST_F(AverageRunTest, DoesNotDependOnWorkersOrTiles) {
  std::vector<float> a;
  std::vector<float> b;
  for (int i = 0; i < 300001; ++i) {
    a.push_back(std::sin(static_cast<float>(i)));
    b.push_back(std::cos(static_cast<float>(i) * 0.1F));
  }
  Add("a", a, {300001});
  Add("b", b, {300001});
  const Linear linear{.weights = {0.3, 0.7}};
  const std::vector<float> expected = Average(linear, 1, 262144);
  const auto hashes = result_.payload_hashes;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double mean =
        (0.3 * static_cast<double>(a[i]) + 0.7 * static_cast<double>(b[i])) / (0.3 + 0.7);
    ASSERT_NEAR(expected[i], mean, 1e-7);
  }
  for (const std::size_t workers : {1U, 2U, 7U}) {
    for (const std::uint64_t tile : {4096U, 65536U, 262144U}) {
      EXPECT_EQ(Average(linear, workers, tile), expected);
      EXPECT_EQ(result_.payload_hashes, hashes);
    }
  }
}

// The hash of what the file says of hashing: of each chunk's elements, then of those hashes.
std::string HashOfChunks(const std::vector<float>& values, std::uint64_t rows,
                         std::uint64_t columns, std::uint64_t chunk_rows,
                         std::uint64_t chunk_columns) {
  std::string hashes;
  for (std::uint64_t r = 0; r < rows; r += chunk_rows) {
    for (std::uint64_t c = 0; c < columns; c += chunk_columns) {
      std::vector<float> chunk;
      for (std::uint64_t i = r; i < std::min(rows, r + chunk_rows); ++i) {
        for (std::uint64_t j = c; j < std::min(columns, c + chunk_columns); ++j) {
          chunk.push_back(values[i * columns + j]);
        }
      }
      XXH128_canonical_t canonical;
      XXH128_canonicalFromHash(&canonical, XXH3_128bits(chunk.data(), chunk.size() * 4));
      hashes.append(reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest));
    }
  }
  const XXH128_hash_t all = XXH3_128bits(hashes.data(), hashes.size());
  return fmt::format("{:016x}{:016x}", all.high64, all.low64);
}

TEST_F(AverageRunTest, WorksChunkByChunkWhereTheTemplateHasChunks) {
  std::vector<float> a;
  std::vector<float> b;
  for (int i = 0; i < 300 * 70; ++i) {
    a.push_back(static_cast<float>(i));
    b.push_back(static_cast<float>(3 * i % 1001));
  }
  Add("a", a, {300, 70});
  AddChunked("b", b, {300, 70}, {64, 32});
  std::vector<float> expected;
  for (std::size_t i = 0; i < a.size(); ++i) expected.push_back((a[i] + b[i]) / 2);
  for (const std::size_t workers : {1U, 3U}) {
    for (const std::uint64_t tile : {4096U, 262144U}) {
      EXPECT_EQ(Average({.weights = {1, 1}}, workers, tile), expected);
      EXPECT_THAT(result_.payload_hashes,
                  ElementsAre(HashOfChunks(a, 300, 70, 64, 32), HashOfChunks(b, 300, 70, 64, 32)));
    }
  }
}

TEST_F(AverageRunTest, NamesThePlaceInTheTensorWhereTheTemplateHasChunks) {
  std::vector<float> values(300 * 70, 1);
  Add("a", values, {300, 70});
  values[205 * 70 + 41] = kInfinity;
  AddChunked("b", values, {300, 70}, {64, 32});
  EXPECT_THAT(Failure({.weights = {1, 1}}), HasSubstr("element 14391 (index [205,41])"));
}

TEST_F(AverageRunTest, DoesNotLookAtAnInputOfWeightZero) {
  Add("nan", {std::nanf(""), kInfinity}, {2});
  Add("b", {1, 2}, {2});
  EXPECT_THAT(Average({.weights = {0, 5}}, 1, 4096), ElementsAre(1, 2));
  EXPECT_EQ(result_.payload_hashes[0], "");
  EXPECT_EQ(result_.payload_hashes[1].size(), 32U);
  EXPECT_EQ(result_.read_bytes, 8U);
}

TEST_F(AverageRunTest, NamesInputTensorAndIndexOfAnInfinity) {
  std::vector<float> bad(6000, 1.0F);
  bad[5003] = kInfinity;
  bad[5900] = std::nanf("");
  Add("a", std::vector<float>(6000, 2.0F), {60, 100});
  Add("b", bad, {60, 100});
  EXPECT_EQ(Failure({.weights = {1, 1}}),
            (folder_ / "b").string() + ": t: NaN or infinity at element 5003 (index [50,3])");
}

TEST_F(AverageRunTest, NamesTensorAndIndexOfAnOverflow) {
  Add("a", {1, 3e38F}, {2});
  Add("b", {1, 3.1e38F}, {2});
  EXPECT_EQ(Failure({.weights = {4, 4}, .normalised = false}),
            "t: the average of element 1 (index [1]) passes the range of float32");
}

TEST_F(AverageRunTest, AveragesComplexNumbersPartByPart) {
  std::vector<float> parts(20002);
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = static_cast<float>(i);
  Add("a", parts, {10001}, DType::kComplex64);
  for (float& part : parts) part = -2 * part;
  Add("b", parts, {10001}, DType::kComplex64);
  const std::vector<float> found = Average({.weights = {1, 3}}, 2, 4096);
  ASSERT_EQ(found.size(), parts.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], -1.25F * static_cast<float>(i));  // (i - 6 i) / 4, exact
  }
}

TEST_F(AverageRunTest, NamesTheComplexNumberThatHasAnInfinity) {
  std::vector<float> bad(12000, 1.0F);
  bad[2 * 5003 + 1] = kInfinity;
  Add("a", std::vector<float>(12000, 2.0F), {60, 100}, DType::kComplex64);
  Add("b", bad, {60, 100}, DType::kComplex64);
  EXPECT_EQ(Failure({.weights = {1, 1}}),
            (folder_ / "b").string() +
                ": t: NaN or infinity at the imaginary part of element 5003 (index [50,3])");
}

TEST_F(AverageRunTest, KeepsWhatIsNotFiniteInAllInputsAlike) {
  Add("a", {kInfinity, 1}, {2});
  Add("b", {kInfinity, 3}, {2});
  EXPECT_THAT(Average({.weights = {1, 1}}, 1, 4096), ElementsAre(kInfinity, 2));
  EXPECT_EQ(result_.nonfinite_kept, 1U);
}

TEST_F(AverageRunTest, AppliesIeeeRulesWhenAllowed) {
  Add("a", {kInfinity, -kInfinity}, {2});
  Add("b", {1, kInfinity}, {2});
  const auto values = Average({.weights = {1, 1}}, 1, 4096, true);
  EXPECT_EQ(values[0], kInfinity);
  EXPECT_TRUE(std::isnan(values[1]));
}

}  // namespace
}  // namespace polyak
