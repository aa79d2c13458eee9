// The scalar kernels: pair arithmetic, the same for every dtype and all weights, one element at a
// time. They are the twin that the vector kernels are compared with, what runs where there are no
// vectors, and what does the last few elements of a run.

#include <bit>
#include <cmath>
#include <cstdint>

#include "arithmetic/float_format.h"
#include "arithmetic/kernel_set.h"

namespace polyak {
namespace {

struct Pair {
  double high;
  double low;
};

// high + low == a + b exactly, high == fl(a + b) (Knuth).
Pair TwoSum(double a, double b) noexcept {
  const double high = a + b;
  const double b_part = high - a;
  return {high, (a - (high - b_part)) + (b - b_part)};
}

// high + low == a in halves of 26 bits (Veltkamp). Overflows to NaN beyond 2^996.
Pair Split(double a) noexcept {
  const double scaled = 0x1.0000002p27 * a;
  const double high = scaled - (scaled - a);
  return {high, a - high};
}

// high + low == a * b exactly unless it underflows (Dekker): std::fma may be a slow emulation.
Pair TwoProduct(double a, double b) noexcept {
  const double high = a * b;
  const Pair x = Split(a);
  const Pair y = Split(b);
  return {high, ((x.high * y.high - high) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

// A sum of products: high + low, and a bound of what was lost.
class PairSum {
 public:
  void AddProduct(double a, double b) noexcept {
    const Pair product = TwoProduct(a, b);
    const Pair high = TwoSum(high_, product.high);
    const Pair low = TwoSum(low_, high.low);
    const Pair lower = TwoSum(low.high, product.low);
    high_ = high.high;
    low_ = lower.high;
    lost_ += std::abs(low.low) + std::abs(lower.low);
  }

  Pair value() const noexcept { return TwoSum(high_, low_); }
  // Its own roundings are within one percent.
  double lost() const noexcept { return 1.01 * lost_; }

 private:
  double high_ = 0.0;
  double low_ = 0.0;
  double lost_ = 0.0;
};

// The mean is quotient + correction, with an error of at most `error`.
struct Enclosure {
  double quotient;
  double correction;
  double error;  // 0: nothing was rounded
};

// remainder = sum - quotient * total, whose parts are exact; the correction is its quotient.
Enclosure DivideByTotal(const PairSum& sum, const PairWeights& weights) noexcept {
  const Pair value = sum.value();
  const double quotient = value.high / weights.total_high;
  const Pair back = TwoProduct(quotient, weights.total_high);
  const Pair back_low = TwoProduct(quotient, weights.total_low);
  const Pair first = TwoSum((value.high - back.high) - back.low, value.low);
  const Pair second = TwoSum(first.high, -back_low.high);
  const Pair remainder = TwoSum(second.high, (first.low + second.low) - back_low.low);
  const double rounded = std::abs(first.low) + std::abs(second.low) + std::abs(back_low.low);
  const double remainder_error = sum.lost() + std::abs(quotient) * weights.total_error +
                                 0x1p-50 * rounded + std::abs(remainder.low);

  const double correction = remainder.high / weights.total_high;
  const Pair again = TwoProduct(correction, weights.total_high);
  const double left = std::abs((remainder.high - again.high) - again.low);
  double error = 1.1 * (left + remainder_error) / weights.total_high;
  if (weights.total_low != 0.0) error += std::abs(correction) * 0x1p-51;
  // The ends of the interval are rounded too.
  if (error != 0.0) error += std::abs(correction) * 0x1p-51;
  return {quotient, correction, error};
}

// a + b rounded to odd: no rounding that follows can be misled.
double SumToOdd(double a, double b) noexcept {
  const Pair sum = TwoSum(a, b);
  if (sum.low == 0.0) return sum.high;
  auto bits = std::bit_cast<std::uint64_t>(sum.high);
  if (std::signbit(sum.low) != std::signbit(sum.high)) --bits;
  return std::bit_cast<double>(bits | 1);
}

template <class Format>
typename Format::Bits RoundSum(double a, double b) noexcept {
  if constexpr (Format::kSignificandBits == 53) return std::bit_cast<std::uint64_t>(a + b);
  return Narrow<Format>(SumToOdd(a, b));
}

// The mean of one element, and whether it was decided.
template <class Format>
bool MeanOfElement(const PairWeights& weights, const std::byte* const* inputs, std::size_t index,
                   std::byte* out) noexcept {
  PairSum sum;
  for (std::size_t k = 0; k < weights.weights.size(); ++k) {
    const auto bits = LoadBits<Format>(inputs[k], index);
    if (FormatBits<Format>::IsNonfinite(bits)) return false;
    const double input = Widen<Format>(bits);
    if (Format::kSignificandBits == 53 && input != 0.0 && std::abs(input) < kLeastPairInput) {
      return false;
    }
    sum.AddProduct(weights.weights[k], input);
  }
  const Enclosure mean = DivideByTotal(sum, weights);
  // False for NaN too; zeros are for ExactMean, which knows their signs.
  if (!(std::abs(mean.quotient) >= kLeastPairQuotient)) return false;
  const double lower = mean.correction - mean.error;
  const double upper = mean.correction + mean.error;
  if (!std::isfinite(mean.quotient + lower) || !std::isfinite(mean.quotient + upper)) return false;
  const auto rounded = RoundSum<Format>(mean.quotient, lower);
  if (rounded != RoundSum<Format>(mean.quotient, upper)) return false;
  StoreBits<Format>(out, index, rounded);
  return !FormatBits<Format>::IsNonfinite(rounded);
}

template <class Format>
std::size_t MeanOfBlock(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  for (std::size_t element = 0; element < block.count; ++element) {
    const bool decided =
        plan.pair.usable &&
        MeanOfElement<Format>(plan.pair, block.inputs, block.first + element, block.out);
    if (!decided) undecided.Add(element);
  }
  return block.count;
}

constexpr KernelSet kScalarKernels = {
    .name = "scalar",
    .mean_float16 = MeanOfBlock<Float16Format>,
    .mean_bfloat16 = MeanOfBlock<BFloat16Format>,
    .mean_float32 = MeanOfBlock<Float32Format>,
    .mean_float64 = MeanOfBlock<Float64Format>,
};

}  // namespace

const KernelSet& ScalarKernels() noexcept { return kScalarKernels; }

}  // namespace polyak
