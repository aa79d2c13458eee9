#include "arithmetic/element_statistics.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "arithmetic/fp_environment.h"
#include "arithmetic/reduction_kernels.h"

namespace polyak {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::vector<std::byte> BytesOf(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

ElementStatistics StatisticsOf(DType dtype, const std::vector<std::byte>& bytes,
                               const ReductionKernels& kernels = BestReductionKernels()) {
  return StatisticsOfRun(kernels, dtype, bytes.data(), bytes.size() / ElementBytes(dtype));
}

template <class T>
ElementStatistics StatisticsOf(DType dtype, const std::vector<T>& values) {
  return StatisticsOf(dtype, BytesOf(values));
}

std::uint64_t Bits(double number) { return std::bit_cast<std::uint64_t>(number); }

void ExpectSame(const ElementStatistics& a, const ElementStatistics& b) {
  EXPECT_EQ(a.finite, b.finite);
  EXPECT_EQ(a.zeros, b.zeros);
  EXPECT_EQ(a.nans, b.nans);
  EXPECT_EQ(a.infinities, b.infinities);
  if (a.finite > 0) {
    ASSERT_EQ(a.min.index(), b.min.index());
    EXPECT_EQ(a.min, b.min);
    EXPECT_EQ(a.max, b.max);
    if (a.min.index() == 0) {
      EXPECT_EQ(Bits(std::get<double>(a.min)), Bits(std::get<double>(b.min)));
      EXPECT_EQ(Bits(std::get<double>(a.max)), Bits(std::get<double>(b.max)));
    }
  }
  EXPECT_EQ(Bits(a.sum), Bits(b.sum));
  EXPECT_EQ(Bits(a.squares), Bits(b.squares));
  EXPECT_EQ(a.scale, b.scale);
}

// The definition in the header, lane by lane, of ordinary float32 values.
double SumByDefinition(const std::vector<float>& values, bool squared) {
  std::array<double, 8> lanes{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    lanes.at(i % 8) += squared ? value * value : value;
  }
  for (const std::size_t step : {1U, 2U, 4U}) {
    for (std::size_t i = 0; i < 8; i += 2 * step) lanes.at(i) += lanes.at(i + step);
  }
  return lanes[0];
}

TEST(ElementStatistics, AreThoseOfTheDefinition) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (const std::size_t count : {1U, 7U, 8U, 9U, 16U, 1000U, 4095U, 4096U}) {
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    const ElementStatistics found = StatisticsOf(DType::kFloat32, values);
    EXPECT_EQ(Bits(found.sum), Bits(SumByDefinition(values, false)));
    EXPECT_EQ(Bits(found.squares), Bits(SumByDefinition(values, true)));
    EXPECT_EQ(found.finite, count);
    EXPECT_EQ(std::get<double>(found.min), *std::ranges::min_element(values));
    EXPECT_EQ(std::get<double>(found.max), *std::ranges::max_element(values));
    EXPECT_EQ(found.mean(), found.sum / static_cast<double>(count));
    EXPECT_EQ(found.norm(), std::sqrt(found.squares));
  }
}

TEST(ElementStatistics, OfNothingAreNothing) {
  const ElementStatistics found = StatisticsOf(DType::kFloat32, std::vector<float>());
  EXPECT_EQ(found.elements(), 0U);
  EXPECT_EQ(found.norm(), 0);
}

TEST(ElementStatistics, LeaveOutWhatIsNotFinite) {
  const std::vector<double> values = {kNaN, 3, kInfinity, -4, -kInfinity, 0, -0.0, kNaN, -kNaN};
  const ElementStatistics found = StatisticsOf(DType::kFloat64, values);
  EXPECT_EQ(found.finite, 4U);
  EXPECT_EQ(found.zeros, 2U);
  EXPECT_EQ(found.nans, 3U);
  EXPECT_EQ(found.infinities, 2U);
  EXPECT_EQ(found.min, Extreme(-4.0));
  EXPECT_EQ(found.max, Extreme(3.0));
  EXPECT_EQ(found.mean(), -0.25);
  EXPECT_EQ(found.norm(), 5);
  EXPECT_EQ(found.elements(), 9U);
}

TEST(ElementStatistics, OfZerosHaveNoSign) {
  for (const auto& values : {std::vector<float>(16, -0.0F), std::vector<float>{-0.0F}}) {
    const ElementStatistics found = StatisticsOf(DType::kFloat32, values);
    EXPECT_EQ(Bits(std::get<double>(found.min)), 0U);
    EXPECT_EQ(Bits(std::get<double>(found.max)), 0U);
    EXPECT_EQ(found.zeros, values.size());
  }
}

TEST(ElementStatistics, OfFloat64DontOverflowOrUnderflow) {
  const double huge = 0x1p1023;
  ElementStatistics found = StatisticsOf(DType::kFloat64, std::vector<double>(64, huge));
  EXPECT_EQ(found.mean(), huge);
  EXPECT_EQ(found.norm(), kInfinity);  // 2^1026 is no float64
  found = StatisticsOf(DType::kFloat64, std::vector<double>{3e300, -4e300});
  EXPECT_DOUBLE_EQ(found.norm(), 5e300);
  EXPECT_DOUBLE_EQ(found.mean(), -0.5e300);
  const double tiny = std::numeric_limits<double>::denorm_min();
  found = StatisticsOf(DType::kFloat64, std::vector<double>{3 * tiny, 4 * tiny, 0});
  EXPECT_EQ(found.norm(), 5 * tiny);
  // A run of each, merged.
  const ElementStatistics zeros = StatisticsOf(DType::kFloat64, std::vector<double>(8, 0.0));
  ElementStatistics merged = zeros;
  merged.Merge(found);
  EXPECT_EQ(merged.norm(), 5 * tiny);
  merged.Merge(zeros);
  EXPECT_EQ(merged.norm(), 5 * tiny);
  merged.Merge(StatisticsOf(DType::kFloat64, std::vector<double>{3}));
  EXPECT_EQ(merged.norm(), 3);
  merged.Merge(StatisticsOf(DType::kFloat64, std::vector<double>{3e300, -4e300}));
  EXPECT_DOUBLE_EQ(merged.norm(), 5e300);
  EXPECT_EQ(merged.finite, 3U + 8U + 8U + 1U + 2U);
}

TEST(ElementStatistics, OfIntegersHaveExactExtremes) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::vector<std::int64_t> values = {Limits::min() + 1, Limits::max() - 1, 0, 5};
  ElementStatistics found = StatisticsOf(DType::kInt64, values);
  EXPECT_EQ(found.min, Extreme(Limits::min() + 1));
  EXPECT_EQ(found.max, Extreme(Limits::max() - 1));
  EXPECT_EQ(found.zeros, 1U);
  found = StatisticsOf(DType::kUInt64, std::vector<std::uint64_t>{~std::uint64_t{0}, 1});
  EXPECT_EQ(found.max, Extreme(~std::uint64_t{0}));
  found = StatisticsOf(DType::kInt8, std::vector<std::int8_t>{-128, 127, 3});
  EXPECT_EQ(found.min, Extreme(std::int64_t{-128}));
  EXPECT_DOUBLE_EQ(found.mean(), 2.0 / 3);
  found = StatisticsOf(DType::kBool, std::vector<std::uint8_t>{1, 0, 1, 0});
  EXPECT_EQ(found.max, Extreme(std::uint64_t{1}));
  EXPECT_EQ(found.mean(), 0.5);
}

// Random bits are all there is: subnormal numbers, zeros, NaN, infinities. Tame ones are what
// the vector kernels do by themselves.
std::vector<std::byte> RandomElements(DType dtype, std::size_t count, bool tame,
                                      std::mt19937_64& random) {
  std::vector<std::byte> bytes(count * ElementBytes(dtype));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  // A clear bit at the top of the exponent: no infinity and no NaN.
  if (!tame) return bytes;
  for (std::size_t i = ElementBytes(dtype) - 1; i < bytes.size(); i += ElementBytes(dtype)) {
    bytes[i] &= std::byte{0xbf};
    if (dtype == DType::kFloat64) bytes[i] |= std::byte{0x38};
    if (random() % 10 == 0)
      std::fill_n(&bytes[i + 1 - ElementBytes(dtype)], ElementBytes(dtype), std::byte{});
  }
  return bytes;
}

TEST(ElementStatistics, AreTheSameByEveryInstructionSet) {
  const FpEnvironment environment;
  std::mt19937_64 random(2);
  const auto sets = ReductionKernelSets();
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    for (int round = 0; round < 400; ++round) {
      const std::size_t count = round % 4 == 0 ? random() % 4097 : 8 * (random() % 513);
      const auto bytes = RandomElements(dtype, count, round % 3 != 0, random);
      const ElementStatistics expected = StatisticsOf(dtype, bytes, *sets.back());
      for (const ReductionKernels* kernels : sets) {
        SCOPED_TRACE(std::string(kernels->name) + " " + std::string(NameOf(dtype)));
        ExpectSame(StatisticsOf(dtype, bytes, *kernels), expected);
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace polyak
