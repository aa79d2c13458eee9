#include "arithmetic/mean_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "arithmetic/exact_mean.h"
#include "arithmetic/exact_sum.h"
#include "arithmetic/float_format.h"
#include "arithmetic/fp_environment.h"

namespace polyak {
namespace {

// Beyond these the products of weights and inputs could leave the range of float64.
constexpr double kLeastWeight = 0x1p-300;
constexpr double kLeastPairWeight = 0x1p-520;  // of weights up to 2
constexpr double kLargestWeight = 0x1p300;
constexpr double kLeastTotal = 0x1p-60;
constexpr double kLargestTotal = 0x1p60;
// Errors of these times an input of float16 are normal numbers of float32.
constexpr double kLeastFloatError = 0x1p-90;
constexpr double kLargestFloatError = 0x1p20;
// With more the inputs' exponents would have to lie too close together.
constexpr int kMaxIntegerBits = 20;

bool Within(double value, double least, double largest) {
  return std::abs(value) >= least && std::abs(value) <= largest;
}

int BitWidth(std::uint64_t value) { return static_cast<int>(std::bit_width(value)); }

// A weight as an odd integer times a power of two.
FloatParts OddParts(double weight) {
  FloatParts parts = PartsOf<Float64Format>(std::bit_cast<std::uint64_t>(weight));
  const int zeros = std::countr_zero(parts.significand);
  parts.significand >>= zeros;
  parts.exponent += zeros;
  return parts;
}

// Weights as integers times one power of two; none if that takes too many bits.
struct CommonScale {
  std::vector<std::int64_t> integers;
  int exponent = 0;
};

CommonScale ToIntegers(std::span<const double> weights) {
  CommonScale scaled;
  scaled.exponent = OddParts(weights[0]).exponent;
  for (const double weight : weights) {
    scaled.exponent = std::min(scaled.exponent, OddParts(weight).exponent);
  }
  for (const double weight : weights) {
    const FloatParts parts = OddParts(weight);
    const int shift = parts.exponent - scaled.exponent;
    if (shift + BitWidth(parts.significand) > 62) return {};
    const auto magnitude = static_cast<std::int64_t>(parts.significand << shift);
    scaled.integers.push_back(parts.negative ? -magnitude : magnitude);
  }
  return scaled;
}

// A sum in float32 rounds once per input, its mean and the ends of an interval around it too: 2^-24
// each, and 1 % for the second order. The first product rounds, too.
void AddFloats(std::uint64_t magnitudes, IntegerWeights& made) {
  made.fits_floats = Within(made.total, kLeastTotal, kLargestTotal);
  if (!made.fits_floats) return;
  for (const double weight : made.weights) {
    made.float_weights.push_back(static_cast<float>(weight));
  }
  made.float_total = static_cast<float>(made.total);
  const double roundings = static_cast<double>(made.weights.size()) + 8.0;
  made.float_error_per_max =
      static_cast<float>(roundings * 0x1p-24 * 1.01 * static_cast<double>(magnitudes) / made.total);
}

// Only a quotient is wanted where the weights are normalised, so a common factor and the sign go.
IntegerWeights MakeIntegerWeights(std::span<const double> weights, bool normalised) {
  CommonScale scaled = ToIntegers(weights);
  if (scaled.integers.empty()) return {};
  std::int64_t factor = 0;
  for (const std::int64_t integer : scaled.integers) factor = std::gcd(factor, integer);
  if (!normalised) factor = 1;
  std::uint64_t magnitudes = 0;
  std::int64_t sum = 0;
  for (std::int64_t& integer : scaled.integers) {
    integer /= factor;
    magnitudes += static_cast<std::uint64_t>(std::abs(integer));
    if (magnitudes > std::uint64_t{1} << kMaxIntegerBits) return {};
    sum += integer;
  }
  IntegerWeights made;
  const int sign = normalised && sum < 0 ? -1 : 1;
  for (const std::int64_t integer : scaled.integers) {
    made.weights.push_back(static_cast<double>(sign * integer));
  }
  made.total = normalised ? static_cast<double>(sign * sum) : std::ldexp(1.0, -scaled.exponent);
  const auto total_magnitude = static_cast<std::uint64_t>(std::abs(sum));
  made.total_is_power_of_two = !normalised || std::has_single_bit(total_magnitude);
  made.magnitude_bits = BitWidth(magnitudes - 1);
  made.usable = Within(made.total, kLeastWeight, kLargestWeight);
  AddFloats(magnitudes, made);
  return made;
}

IntervalWeights MakeIntervalWeights(std::span<const double> weights, bool normalised) {
  IntervalWeights made;
  made.weights = QuotientsByTotal(weights, normalised);
  made.usable = true;
  double magnitudes = 0.0;
  for (const double weight : made.weights) {
    made.usable = made.usable && std::abs(weight) <= kLargestWeight;
    magnitudes += std::abs(weight);
  }
  // What underflows of the products of smaller weights is nothing to the error.
  made.usable = made.usable && magnitudes >= kLeastWeight;
  // Per input a rounding of the weight, of the product and of the sum; the bound itself and the
  // ends of the interval are rounded too. 2^-53 each, and 1 % for the second order.
  const double roundings = static_cast<double>(weights.size()) + 8.0;
  made.error_per_max = roundings * 0x1p-53 * 1.01 * magnitudes;
  if (Within(made.error_per_max, kLeastFloatError, kLargestFloatError)) {
    made.error_per_max_float = static_cast<float>(made.error_per_max * (1.0 + 0x1p-20));
  }
  return made;
}

void SetTotal(const ExactSum& total, PairWeights& pair) {
  pair.total_high = RoundToFloat64(total);
  ExactSum rest = total;
  rest.AddProduct(-pair.total_high, 1.0);
  pair.total_low = RoundToFloat64(rest);
  rest.AddProduct(-pair.total_low, 1.0);
  pair.total_error = rest.zero() ? 0.0 : std::abs(pair.total_low) * 0x1p-52;
}

// Scales so that the largest weight is in [1, 2), and makes the total positive.
PairWeights MakePairWeights(std::span<const double> weights, bool normalised) {
  PairWeights made;
  double largest = 0.0;
  for (const double weight : weights) largest = std::max(largest, std::abs(weight));
  const int scale = -std::ilogb(largest);
  for (const double weight : weights) {
    made.weights.push_back(std::ldexp(weight, scale));
    if (!Within(made.weights.back(), kLeastPairWeight, 2.0)) return {};
  }
  ExactSum total = SumOf(made.weights);
  if (!normalised) {
    const double one = std::ldexp(1.0, scale);
    if (!Within(one, kLeastTotal, kLargestTotal)) return {};
    total.Clear();
    total.AddProduct(one, 1.0);
  }
  if (total.negative()) {
    total.Negate();
    for (double& weight : made.weights) weight = -weight;
  }
  SetTotal(total, made);
  made.usable = Within(made.total_high, kLeastTotal, kLargestTotal);
  return made;
}

// In units of 2^-106 of sum |w x| / total. `low` takes up two terms per input, each at most the
// inputs' number + 1 of 2^-53 of that sum, and each addition loses 2^-53 of what `low` then is. The
// division adds less than 32: the remainder and the correction are below 3 * 2^-53 of the quotient,
// and take eight roundings, the total's own error and the ends of the interval included.
double LooseError(const PairWeights& pair) {
  double magnitudes = 0.0;
  for (const double weight : pair.weights) magnitudes += std::abs(weight);
  const double terms = static_cast<double>(pair.weights.size()) + 1.0;
  return 1.1 * (2.0 * terms * terms + 32.0) * 0x1p-106 * magnitudes / pair.total_high;
}

int SignificantBits(std::span<const double> weights) {
  int bits = 0;
  for (const double weight : weights) {
    bits = std::max(bits, BitWidth(OddParts(weight).significand));
  }
  return bits;
}

}  // namespace

std::vector<double> QuotientsByTotal(std::span<const double> weights, bool normalised) {
  std::vector<double> quotients(weights.begin(), weights.end());
  if (!normalised) return quotients;
  const Divisor total(SumOf(weights));
  for (double& weight : quotients) {
    if (weight == 0.0) continue;  // an input that is matched, but not averaged
    ExactSum numerator;
    numerator.AddProduct(weight, 1.0);
    weight = RoundToFloat64(total.Divide(numerator));
  }
  return quotients;
}

MeanPlan MakeMeanPlan(std::span<const double> weights, bool normalised) {
  const FpEnvironment environment;
  MeanPlan plan;
  plan.integer = MakeIntegerWeights(weights, normalised);
  plan.interval = MakeIntervalWeights(weights, normalised);
  // Integers multiply without loss, so they are the better start where there is a choice.
  const bool integers = normalised && plan.integer.usable;
  plan.pair = MakePairWeights(integers ? plan.integer.weights : weights, normalised);
  plan.pair.weight_bits = SignificantBits(plan.pair.weights);
  plan.pair.loose_error = LooseError(plan.pair);
  // Numbers whose exponents differ by n have a ratio above 2^(n - 1).
  plan.pair.largest_ratio = std::ldexp(1.0, 47 - 2 * plan.integer.magnitude_bits);
  plan.zeros_need_care = std::ranges::any_of(plan.interval.weights,
                                             [](double weight) { return std::signbit(weight); });
  return plan;
}

}  // namespace polyak
