#include "engine/average_run.h"

#include <gmock/gmock.h>

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

  std::vector<float> Average(const Linear& linear, std::size_t workers, std::uint64_t tile_bytes,
                             bool allow_nonfinite = false) {
    const Plan plan = MakePlan(inputs_, {.template_index = inputs_.size() - 1});
    const MemoryPlan memory{.workers = workers, .tile_bytes = tile_bytes};
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
