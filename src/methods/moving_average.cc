#include "methods/moving_average.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "methods/rounded_weights.h"

namespace polyak {
namespace {

Linear WeightsOfDecay(double decay, std::size_t inputs) {
  if (!(decay >= 0 && decay < 1)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the decay must be at least 0 and less than 1 (found {})", decay));
  }
  return RoundedWeights(inputs, [decay, inputs](std::size_t k, Real& weight) {
    Real base(weight.precision());
    base.Set(decay);
    weight.Power(base, inputs - 1 - k);
    if (k == 0) return;
    Real rest(weight.precision());
    rest.OneMinus(base);
    weight.MultiplyBy(rest);
  });
}

// -count/h, with so much precision that 2 to its power is as exact as an operation of `precision`
// bits: its relative error times its size (at most 2^20) is the relative error of the power.
//
// Where it is below -2^20 it becomes -2^20. Such a weight is 0 in any case: count is below 2^64,
// so h is below 2^44, the newest weight 1 - 2^(-1/h) above 2^-45, and this one less than 2^-500 of
// it. And for h that small 1 - 2^(-1/h) is 1, rounded. So no exponent leaves MPFR's range.
class HalvingExponent {
 public:
  HalvingExponent(unsigned long count, double half_life, mpfr_prec_t precision)
      : value_(precision + kGuardBits) {
    constexpr long kMostHalvings = 1L << 20;
    Real divisor(precision);
    divisor.Set(-half_life);
    value_.SetCount(count);
    value_.DivideBy(divisor);
    if (mpfr_cmp_si(value_.get(), -kMostHalvings) < 0) {
      mpfr_set_si(value_.get(), -kMostHalvings, MPFR_RNDN);
    }
  }

  const Real& value() const noexcept { return value_; }

 private:
  static constexpr mpfr_prec_t kGuardBits = 64;
  Real value_;
};

// w_1 = 2^(-(n-1)/h), w_k = (1 - 2^(-1/h))·2^(-(n-k)/h). Raising the precision ends, for no weight
// lies in the middle of two numbers. Let r = 1/h, a rational number. Where it is an integer, h is a
// float64 and so a power of two, and so is r. w_k is then a power of two times 1 - 2^-r: a float64
// for r up to 32, and from r = 64 on far from the middle below 1, which is 1 - 2^-54. Where it
// isn't, r = p/q in lowest terms with q > 1: the powers 2^(i/q), 0 <= i < q, are linearly
// independent over the rationals (x^q - 2 is irreducible by Eisenstein's criterion). w_1 is thus a
// power of two or irrational, and w_k = 2^(-(n-k)r) - 2^(-(n-k+1)r), a difference of rational
// multiples of two different ones of them, is irrational.
Linear WeightsOfHalfLife(double half_life, std::size_t inputs) {
  if (!(half_life > 0 && std::isfinite(half_life))) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the half-life must be above 0 and finite (found {})", half_life));
  }
  return RoundedWeights(inputs, [half_life, inputs](std::size_t k, Real& weight) {
    weight.PowerOfTwo(HalvingExponent(inputs - 1 - k, half_life, weight.precision()).value());
    if (k == 0) return;
    Real share(weight.precision());
    share.OneMinusPowerOfTwo(HalvingExponent(1, half_life, share.precision()).value());
    weight.MultiplyBy(share);
  });
}

}  // namespace

Linear EmaWeights(const MethodOptions& options, std::size_t inputs) {
  if (options.decay && options.half_life) {
    throw Error(ErrorKind::kUsage, "method ema takes --decay or --half-life, not both");
  }
  if (options.half_life) return WeightsOfHalfLife(*options.half_life, inputs);
  if (options.decay) return WeightsOfDecay(*options.decay, inputs);
  throw Error(ErrorKind::kUsage, "method ema needs --decay or --half-life");
}

}  // namespace polyak
