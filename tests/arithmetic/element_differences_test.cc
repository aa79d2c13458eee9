#include "arithmetic/element_differences.h"

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

template <class T, class U>
ElementDifferences DifferencesOf(DType dtype_a, const std::vector<T>& a, DType dtype_b,
                                 const std::vector<U>& b,
                                 const ReductionKernels& kernels = BestReductionKernels()) {
  return DifferencesOfRun(kernels, dtype_a, reinterpret_cast<const std::byte*>(a.data()), dtype_b,
                          reinterpret_cast<const std::byte*>(b.data()),
                          a.size() * sizeof(T) / ElementBytes(dtype_a));
}

template <class T>
ElementDifferences DifferencesOf(DType dtype, const std::vector<T>& a, const std::vector<T>& b) {
  return DifferencesOf(dtype, a, dtype, b);
}

std::uint64_t Bits(double number) { return std::bit_cast<std::uint64_t>(number); }

TEST(ElementDifferences, OfEqualElementsAreNone) {
  const std::vector<float> a = {1, -2, 0, std::nanf("1"), std::numeric_limits<float>::infinity()};
  const ElementDifferences found = DifferencesOf(DType::kFloat32, a, a);
  EXPECT_EQ(found.differing, 0U);
  EXPECT_EQ(found.max_ulps, 0U);
  EXPECT_EQ(found.relative_l2(), 0);
  EXPECT_EQ(found.cosine(), 1);
}

TEST(ElementDifferences, AreNoneBetweenZeros) {
  const ElementDifferences found = DifferencesOf<float>(DType::kFloat32, {0.0F}, {-0.0F});
  EXPECT_EQ(found.differing, 0U);
  EXPECT_EQ(found.max_ulps, 0U);
}

TEST(ElementDifferences, CountUlpsAcrossZero) {
  const float least = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(DifferencesOf<float>(DType::kFloat32, {least}, {-least}).max_ulps, 2U);
  EXPECT_EQ(DifferencesOf<float>(DType::kFloat32, {1}, {std::nextafter(1.0F, 2.0F)}).max_ulps, 1U);
  const float most = std::numeric_limits<float>::max();
  EXPECT_EQ(DifferencesOf<float>(DType::kFloat32, {most}, {-most}).max_ulps, 2U * 0x7f7fffffU);
  // In each kernel's way, too: eight at a time.
  EXPECT_EQ(DifferencesOf<float>(DType::kFloat32, std::vector<float>(8, most),
                                 std::vector<float>(8, -most))
                .max_ulps,
            2U * 0x7f7fffffU);
  const double most64 = std::numeric_limits<double>::max();
  EXPECT_EQ(DifferencesOf<double>(DType::kFloat64, {most64}, {-most64}).max_ulps,
            2U * 0x7fefffffffffffffU);
  EXPECT_EQ(DifferencesOf<std::uint16_t>(DType::kFloat16, {0x3c00}, {0x3c05}).max_ulps, 5U);
  EXPECT_EQ(DifferencesOf<std::uint16_t>(DType::kBFloat16, {0x8001}, {0x0001}).max_ulps, 2U);
}

TEST(ElementDifferences, CountWhatIsNotFiniteApart) {
  const std::vector<double> a = {kNaN, kNaN, kInfinity, kInfinity, 1, 3};
  std::vector<double> b = {kNaN, 1, kInfinity, -kInfinity, kNaN, 4};
  ElementDifferences found = DifferencesOf(DType::kFloat64, a, b);
  EXPECT_EQ(found.differing, 4U);
  EXPECT_EQ(found.nonfinite_mismatches, 3U);
  EXPECT_EQ(found.max_difference, 1);
  EXPECT_EQ(found.relative_l2(), 1.0 / 3);
  // NaN of other bits is another value.
  b = {std::bit_cast<double>(Bits(kNaN) + 1)};
  found = DifferencesOf(DType::kFloat64, std::vector{kNaN}, b);
  EXPECT_EQ(found.nonfinite_mismatches, 1U);
}

TEST(ElementDifferences, OfSimpleVectorsAreThoseOfSchool) {
  ElementDifferences found = DifferencesOf<double>(DType::kFloat64, {3, 4}, {3, -4});
  EXPECT_EQ(found.differing, 1U);
  EXPECT_EQ(found.max_difference, 8);
  EXPECT_DOUBLE_EQ(found.relative_l2(), 8.0 / 5);
  EXPECT_DOUBLE_EQ(found.cosine(), -7.0 / 25);
  found = DifferencesOf<double>(DType::kFloat64, {0, 0}, {0, 1});
  EXPECT_EQ(found.relative_l2(), kInfinity);
  EXPECT_TRUE(std::isnan(found.cosine()));
  found = DifferencesOf<double>(DType::kFloat64, {1, 2}, {-1, -2});
  EXPECT_DOUBLE_EQ(found.cosine(), -1);
}

TEST(ElementDifferences, OfFloat64DontOverflowOrUnderflow) {
  ElementDifferences found = DifferencesOf<double>(DType::kFloat64, {3e300, 4e300}, {3e300, 0});
  EXPECT_DOUBLE_EQ(found.relative_l2(), 0.8);
  EXPECT_DOUBLE_EQ(found.cosine(), 0.6);
  EXPECT_EQ(found.max_difference, 4e300);
  const ElementDifferences tiny =
      DifferencesOf<double>(DType::kFloat64, {3e-310, 4e-310}, {3e-310, 0});
  EXPECT_NEAR(tiny.relative_l2(), 0.8, 1e-9);
  ElementDifferences merged = DifferencesOf<double>(DType::kFloat64, {0}, {0});
  merged.Merge(tiny);
  EXPECT_NEAR(merged.relative_l2(), 0.8, 1e-9);
  merged.Merge(found);
  EXPECT_DOUBLE_EQ(merged.relative_l2(), 0.8);
  EXPECT_EQ(merged.differing, 2U);
}

TEST(ElementDifferences, OfTwoFloatDTypesAreThoseOfTheirValues) {
  const std::vector<float> a = {1, 2, -0.5F, std::numeric_limits<float>::infinity(), std::nanf("")};
  std::vector<std::uint16_t> b = {0x3c00, 0x4000, 0xb800, 0x7c00, 0x7e00};
  ElementDifferences found = DifferencesOf(DType::kFloat32, a, DType::kFloat16, b);
  EXPECT_EQ(found.differing, 0U);
  b = {0x3c00, 0x4200, 0xb800, 0xfc00, 0x0000};
  found = DifferencesOf(DType::kFloat32, a, DType::kFloat16, b);
  EXPECT_EQ(found.differing, 3U);
  EXPECT_EQ(found.nonfinite_mismatches, 2U);
  EXPECT_EQ(found.max_difference, 1);
  EXPECT_EQ(found.max_ulps, 0U);
}

TEST(ElementDifferences, OfIntegersAreExact) {
  using Limits = std::numeric_limits<std::int64_t>;
  ElementDifferences found =
      DifferencesOf<std::int64_t>(DType::kInt64, {Limits::max(), 1}, {Limits::max() - 1, 1});
  EXPECT_EQ(found.differing, 1U);
  EXPECT_EQ(found.max_difference, 1);
  found = DifferencesOf<std::int64_t>(DType::kInt64, {Limits::max()}, {Limits::min()});
  EXPECT_EQ(found.max_difference, 0x1p64);
  found = DifferencesOf<std::int8_t>(DType::kInt8, {-128, 5}, {127, 5});
  EXPECT_EQ(found.max_difference, 255);
  found = DifferencesOf<std::uint8_t>(DType::kBool, {1, 0}, {0, 0});
  EXPECT_EQ(found.differing, 1U);
}

void ExpectSame(const ElementDifferences& a, const ElementDifferences& b) {
  EXPECT_EQ(a.differing, b.differing);
  EXPECT_EQ(a.nonfinite_mismatches, b.nonfinite_mismatches);
  EXPECT_EQ(a.max_difference, b.max_difference);
  EXPECT_EQ(a.max_ulps, b.max_ulps);
  EXPECT_EQ(Bits(a.squared_differences), Bits(b.squared_differences));
  EXPECT_EQ(Bits(a.squares_a), Bits(b.squares_a));
  EXPECT_EQ(Bits(a.squares_b), Bits(b.squares_b));
  EXPECT_EQ(Bits(a.products), Bits(b.products));
  EXPECT_EQ(a.scale, b.scale);
}

TEST(ElementDifferences, AreTheSameByEveryInstructionSet) {
  const FpEnvironment environment;
  std::mt19937_64 random(3);
  const auto sets = ReductionKernelSets();
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    const std::size_t width = ElementBytes(dtype);
    for (int round = 0; round < 400; ++round) {
      const std::size_t count = round % 4 == 0 ? random() % 4097 : 8 * (random() % 513);
      std::vector<std::uint8_t> a(count * width);
      for (auto& byte : a) byte = static_cast<std::uint8_t>(random());
      std::vector<std::uint8_t> b = a;
      for (auto& byte : b) byte = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : byte;
      for (auto* bytes : {&a, &b}) {  // no infinity and no NaN, mostly
        for (std::size_t i = width - 1; i < bytes->size(); i += width) {
          if (round % 3 != 0) (*bytes)[i] &= 0xbf;
        }
      }
      const auto expected = DifferencesOf(dtype, a, dtype, b, *sets.back());
      for (const ReductionKernels* kernels : sets) {
        SCOPED_TRACE(std::string(kernels->name) + " " + std::string(NameOf(dtype)));
        ExpectSame(DifferencesOf(dtype, a, dtype, b, *kernels), expected);
        if (HasFailure()) return;
      }
    }
  }
}

// An oracle that knows nothing of lanes: long double.
TEST(ElementDifferences, AgreeWithAPlainSum) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  std::vector<float> a(4096);
  std::vector<float> b(4096);
  long double differences = 0;
  long double squares_a = 0;
  long double squares_b = 0;
  long double products = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = normal(random);
    b[i] = a[i] + 0.01F * normal(random);
    const auto x = static_cast<long double>(a[i]);
    const auto y = static_cast<long double>(b[i]);
    differences += (x - y) * (x - y);
    squares_a += x * x;
    squares_b += y * y;
    products += x * y;
  }
  const ElementDifferences found = DifferencesOf(DType::kFloat32, a, b);
  EXPECT_NEAR(found.relative_l2(), static_cast<double>(std::sqrt(differences / squares_a)), 1e-14);
  EXPECT_NEAR(found.cosine(), static_cast<double>(products / std::sqrt(squares_a * squares_b)),
              1e-14);
}

}  // namespace
}  // namespace polyak
