// The weighted mean of one element by exact arithmetic, with all the rules for zeros, infinities
// and NaN: the definition in code. It is the oracle of the kernels, and does the elements that
// they can't decide.
//
// Immutable; any thread. Owns a copy of the weights. The constructor may throw std::bad_alloc;
// the rest doesn't throw or allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arithmetic/exact_sum.h"
#include "arithmetic/float_format.h"

namespace polyak {

// How it went with one element.
struct ElementOutcome {
  enum class Kind : std::uint8_t {
    kMean,            // the element is the rounded mean, or what IEEE rules make of infinities
    kKeptNonfinite,   // NaN or infinite and identical in all inputs, so kept
    kNonfiniteInput,  // no element: `input` has a NaN or an infinity
    kOverflow,        // no element: finite inputs, a mean too large for the dtype
  };
  Kind kind = Kind::kMean;
  std::size_t input = 0;
};

class ExactMean {
 public:
  // As LinearMean's: finite, not zero, at least one; if normalised, their sum isn't zero.
  ExactMean(std::span<const double> weights, bool normalised, bool allow_nonfinite);

  // Element `index` of the inputs, to element `index` of out, where there is one.
  template <class Format>
  ElementOutcome Apply(const std::byte* const* inputs, std::size_t index,
                       std::byte* out) const noexcept;

  std::size_t input_count() const noexcept { return weights_.size(); }
  // Elements that are identical in all inputs are kept: the weights sum to what is divided by.
  bool keeps_identical() const noexcept { return keeps_identical_; }

 private:
  template <class Format>
  typename Format::Bits NonfiniteMean(const std::byte* const* inputs,
                                      std::size_t index) const noexcept;
  template <class Format>
  typename Format::Bits FiniteMean(const std::byte* const* inputs,
                                   std::size_t index) const noexcept;

  std::vector<double> weights_;
  Divisor total_;
  bool total_negative_;
  bool keeps_identical_;
  bool allow_nonfinite_;
};

// Their exact sum.
ExactSum SumOf(std::span<const double> weights) noexcept;

}  // namespace polyak
