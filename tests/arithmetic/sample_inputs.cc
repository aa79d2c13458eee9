#include "sample_inputs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "element_bits.h"

namespace polyak::test {
namespace {

int Below(Random& random, int limit) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
}

double Uniform(Random& random) { return std::ldexp(static_cast<double>(random() >> 11), -53); }

std::uint64_t SignOf(Random& random, const FloatShape& shape) {
  return random() % 2 != 0 ? shape.sign() : 0;
}

// A finite element with this biased exponent.
std::uint64_t WithField(Random& random, const FloatShape& shape, int field) {
  const std::uint64_t fraction = random() & ((std::uint64_t{1} << (shape.precision - 1)) - 1);
  return SignOf(random, shape) | static_cast<std::uint64_t>(field) << (shape.precision - 1) |
         fraction;
}

std::uint64_t AnyFinite(Random& random, const FloatShape& shape) {
  return WithField(random, shape, Below(random, 2 * shape.max_exponent + 1));
}

template <class MakeElement>
Column Each(std::size_t input_count, MakeElement make) {
  Column column(input_count);
  for (auto& bits : column) bits = make();
  return column;
}

Column RandomBits(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  return Each(input_count, [&] { return AnyFinite(random, shape); });
}

// Exponents around 1 that fall off as those of normally distributed numbers do.
Column Smooth(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  return Each(input_count, [&] {
    int below = 0;
    while (below < 10 && random() % 2 != 0) ++below;
    return WithField(random, shape, shape.max_exponent - below);
  });
}

// Ties wherever half of the inputs have the one and half the other.
Column Neighbours(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  std::uint64_t base = AnyFinite(random, shape);
  if (!shape.finite(base + 4)) base -= 8;
  const int distance = 1 + Below(random, 4);
  return Each(input_count, [&] { return base + random() % 2 * static_cast<unsigned>(distance); });
}

Column Cancellation(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  Column column = Neighbours(random, dtype, input_count);
  for (std::size_t k = 0; k < input_count; k += 2) column[k] ^= shape.sign();
  if (random() % 2 != 0) column.back() = AnyFinite(random, shape);
  return column;
}

Column Subnormal(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const int fields = 1 + Below(random, 3);
  return Each(input_count, [&] {
    return random() % 4 == 0 ? SignOf(random, shape) | random() % 4
                             : WithField(random, shape, Below(random, fields));
  });
}

Column Zeros(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const std::uint64_t usual = SignOf(random, shape);
  Column column = Each(input_count, [&] { return usual; });
  if (random() % 2 != 0) column[random() % input_count] = SignOf(random, shape);
  if (random() % 4 == 0) column[random() % input_count] = SignOf(random, shape) | 1;
  return column;
}

// One large input, the others anywhere far below.
Column Wide(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const int distance = 1 + Below(random, 2 * shape.max_exponent);
  const int top = distance + Below(random, 2 * shape.max_exponent + 1 - distance);
  Column column = Each(input_count, [&] {
    return WithField(random, shape, top - distance + Below(random, 2) * Below(random, distance));
  });
  column[random() % input_count] = WithField(random, shape, top);
  return column;
}

// Large inputs that cancel, and a small one that a sum with the large ones may lose bits of.
Column Absorbed(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const int distance = 20 + Below(random, 2 * shape.max_exponent > 60 ? 40 : 9);
  const int top = distance + 1 + Below(random, 2 * shape.max_exponent - distance);
  Column column(input_count, 0);
  const std::uint64_t large = WithField(random, shape, top);
  column[0] = large;
  if (input_count > 1) column[1] = WithField(random, shape, top - distance) | 1;
  if (input_count > 2) column[2] = large ^ shape.sign();
  return column;
}

Column Large(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const std::uint64_t sign = SignOf(random, shape);
  const bool one_sign = random() % 2 != 0;
  return Each(input_count, [&] {
    return (shape.largest() - random() % 3) | (one_sign ? sign : SignOf(random, shape));
  });
}

// Inputs whose plain mean is exactly halfway between two elements, or next to that. In units of
// half a last place the mean is the odd number 2m + 1; all inputs but the last are even numbers of
// full size, and the last is what is missing, which is small and so exists.
Column Midpoints(Random& random, DType dtype, std::size_t input_count) {
  const FloatShape shape = ShapeOf(dtype);
  const auto n = static_cast<std::int64_t>(input_count);
  // So that the sum of all inputs fits into 64 bits.
  const int precision =
      std::min(shape.precision, 60 - static_cast<int>(std::bit_width(input_count)));
  const std::int64_t binade = std::int64_t{1} << (precision - 1);
  // Small enough that n * m / (n - 1) is of full size too.
  const std::int64_t range = (n > 2 ? binade * (n - 2) / n : binade) - 4;
  const std::int64_t m =
      binade + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range));
  const int scale = -precision - Below(random, 4);
  Column column(input_count);
  std::int64_t missing = n * (2 * m + 1);
  for (std::size_t k = 0; k + 1 < input_count; ++k) {
    const std::int64_t whole = (n == 2 ? m : n * m / (n - 1)) + Below(random, 3);
    column[k] = BitsOf(dtype, std::ldexp(static_cast<double>(2 * whole), scale));
    missing -= 2 * whole;
  }
  // What needs too many bits loses the lowest ones: then the column is only near a midpoint.
  int exponent = 0;
  double last = std::frexp(std::ldexp(static_cast<double>(missing), scale), &exponent);
  last = std::ldexp(std::trunc(std::ldexp(last, shape.precision)), exponent - shape.precision);
  column.back() = BitsOf(dtype, last);
  if (last != 0.0) column.back() += random() % 3 - 1;
  if (random() % 2 != 0) {
    for (auto& bits : column) bits ^= shape.sign();
  }
  return column;
}

std::vector<double> Equal(Random& random, std::size_t input_count) {
  const double choices[] = {1.0, 0.1, 1.0 / 3.0, -2.0, 1e-310};
  return std::vector<double>(input_count, choices[random() % 5]);
}

template <class MakeWeight>
std::vector<double> EachWeight(std::size_t input_count, MakeWeight make) {
  std::vector<double> weights(input_count);
  for (auto& weight : weights) weight = make();
  return weights;
}

std::vector<double> Dyadic(Random& random, std::size_t input_count) {
  return EachWeight(input_count, [&] { return (1 + Below(random, 15)) / 8.0; });
}

std::vector<double> Ema(Random& random, std::size_t input_count) {
  const double decay = random() % 4 == 0 ? 0.5 : 0.5 + Uniform(random) / 2;
  double weight = 1.0;
  return EachWeight(input_count, [&] { return std::max(weight *= decay, 1e-30); });
}

std::vector<double> Negative(Random& random, std::size_t input_count) {
  std::vector<double> weights = EachWeight(
      input_count, [&] { return (Uniform(random) + 0x1p-60) * (Below(random, 2) - 0.5); });
  // Integers with signs too: task arithmetic is 1, -1, 1.
  if (random() % 2 != 0) {
    for (auto& weight : weights) weight = weight < 0 ? -1.0 : 2.0;
    weights[0] = 3.5;
  }
  return weights;
}

std::vector<double> Spread(Random& random, std::size_t input_count) {
  const int width = random() % 2 != 0 ? 1000 : 40;
  return EachWeight(input_count, [&] {
    return std::ldexp(1.0 + Uniform(random), Below(random, 2 * width) - width);
  });
}

std::vector<double> SubnormalWeights(Random& random, std::size_t input_count) {
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  const int limit = random() % 2 != 0 ? 8 : 1 << 30;
  return EachWeight(input_count, [&] { return kLeast * (1 + Below(random, limit)); });
}

// Large weights that nearly cancel, so that the total is tiny.
std::vector<double> Cancelling(Random& random, std::size_t input_count) {
  std::vector<double> weights = EachWeight(input_count, [&] { return 0.5 + Uniform(random); });
  for (std::size_t k = 1; k < input_count; k += 2) weights[k] = -weights[k - 1];
  if (input_count % 2 == 0) weights.back() += std::ldexp(1.0, -10 - Below(random, 40));
  return weights;
}

// 1, 2, 3, … over their sum, rounded: means come within 2^-53 of ties without being ties.
std::vector<double> NearlyEven(Random&, std::size_t input_count) {
  const auto n = static_cast<double>(input_count);
  double k = 0.0;
  return EachWeight(input_count, [&] { return ++k / (n * (n + 1) / 2); });
}

}  // namespace

const std::vector<SampleKind>& SampleKinds() {
  static const std::vector<SampleKind> kKinds = {
      {"random bits", RandomBits},
      {"smooth", Smooth},
      {"neighbours", Neighbours},
      {"cancellation", Cancellation},
      {"subnormal", Subnormal},
      {"zeros", Zeros},
      {"wide", Wide},
      {"large", Large},
      {"midpoints", Midpoints},
      {"absorbed", Absorbed},
  };
  return kKinds;
}

const std::vector<WeightKind>& WeightKinds() {
  static const std::vector<WeightKind> kKinds = {
      {"equal", Equal},           {"dyadic", Dyadic},          {"ema", Ema},
      {"negative", Negative},     {"spread", Spread},          {"subnormal", SubnormalWeights},
      {"cancelling", Cancelling}, {"nearly even", NearlyEven},
  };
  return kKinds;
}

}  // namespace polyak::test
