#include "arithmetic/exact_mean.h"

#include <algorithm>
#include <optional>

namespace polyak {
namespace {

ExactSum One() noexcept {
  ExactSum one;
  one.AddProduct(1.0, 1.0);
  return one;
}

template <class Format>
bool AllEqual(typename Format::Bits bits, const std::byte* const* inputs, std::size_t input_count,
              std::size_t index) noexcept {
  return std::all_of(inputs, inputs + input_count, [=](const std::byte* input) {
    return LoadBits<Format>(input, index) == bits;
  });
}

template <class Format>
std::optional<std::size_t> FirstNonfinite(const std::byte* const* inputs, std::size_t input_count,
                                          std::size_t index) noexcept {
  for (std::size_t k = 0; k < input_count; ++k) {
    if (FormatBits<Format>::IsNonfinite(LoadBits<Format>(inputs[k], index))) return k;
  }
  return std::nullopt;
}

}  // namespace

ExactSum SumOf(std::span<const double> weights) noexcept {
  ExactSum sum;
  for (const double weight : weights) sum.AddProduct(weight, 1.0);
  return sum;
}

ExactMean::ExactMean(std::span<const double> weights, bool normalised, bool allow_nonfinite)
    : weights_(weights.begin(), weights.end()),
      total_(normalised ? SumOf(weights) : One()),
      total_negative_(normalised && SumOf(weights).negative()),
      keeps_identical_(normalised || std::ranges::equal(SumOf(weights).words(), One().words())),
      allow_nonfinite_(allow_nonfinite) {}

template <class Format>
ElementOutcome ExactMean::Apply(const std::byte* const* inputs, std::size_t index,
                                std::byte* out) const noexcept {
  using F = FormatBits<Format>;
  using Kind = ElementOutcome::Kind;
  const auto first = LoadBits<Format>(inputs[0], index);
  // Minus zero everywhere is kept whatever the weights are.
  if (keeps_identical_ || first == F::kSign) {
    if (AllEqual<Format>(first, inputs, input_count(), index)) {
      StoreBits<Format>(out, index, first);
      return {F::IsNonfinite(first) ? Kind::kKeptNonfinite : Kind::kMean};
    }
  }
  if (const auto input = FirstNonfinite<Format>(inputs, input_count(), index)) {
    if (!allow_nonfinite_) return {Kind::kNonfiniteInput, *input};
    StoreBits<Format>(out, index, NonfiniteMean<Format>(inputs, index));
    return {};
  }
  const auto mean = FiniteMean<Format>(inputs, index);
  if (F::IsNonfinite(mean) && !allow_nonfinite_) return {Kind::kOverflow};
  StoreBits<Format>(out, index, mean);
  return {};
}

// IEEE rules: a NaN, or infinities of both signs, give NaN; else the infinity decides.
template <class Format>
typename Format::Bits ExactMean::NonfiniteMean(const std::byte* const* inputs,
                                               std::size_t index) const noexcept {
  using F = FormatBits<Format>;
  bool infinite[2] = {false, false};  // upwards, downwards
  for (std::size_t k = 0; k < input_count(); ++k) {
    const auto bits = LoadBits<Format>(inputs[k], index);
    if (F::IsNaN(bits)) return F::kNaN;
    const bool downwards = ((bits & F::kSign) != 0) != ((weights_[k] < 0) != total_negative_);
    if (F::IsNonfinite(bits)) infinite[downwards ? 1 : 0] = true;
  }
  if (infinite[0] && infinite[1]) return F::kNaN;
  return infinite[0] ? F::kInfinity : static_cast<typename Format::Bits>(F::kInfinity | F::kSign);
}

template <class Format>
typename Format::Bits ExactMean::FiniteMean(const std::byte* const* inputs,
                                            std::size_t index) const noexcept {
  ExactSum sum;
  for (std::size_t k = 0; k < input_count(); ++k) {
    sum.AddProduct(weights_[k], Widen<Format>(LoadBits<Format>(inputs[k], index)));
  }
  if (sum.zero()) return 0;
  const Quotient mean = total_.Divide(sum);
  return RoundParts<Format>(mean.leading, mean.sticky);
}

template ElementOutcome ExactMean::Apply<Float16Format>(const std::byte* const*, std::size_t,
                                                        std::byte*) const noexcept;
template ElementOutcome ExactMean::Apply<BFloat16Format>(const std::byte* const*, std::size_t,
                                                         std::byte*) const noexcept;
template ElementOutcome ExactMean::Apply<Float32Format>(const std::byte* const*, std::size_t,
                                                        std::byte*) const noexcept;
template ElementOutcome ExactMean::Apply<Float64Format>(const std::byte* const*, std::size_t,
                                                        std::byte*) const noexcept;

}  // namespace polyak
