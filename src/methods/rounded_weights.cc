#include "methods/rounded_weights.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace polyak {
namespace {

constexpr mpfr_prec_t kFirstPrecision = 128;
constexpr mpfr_prec_t kLastPrecision = 1 << 20;
constexpr mpfr_prec_t kErrorBits = 8;
constexpr mpfr_prec_t kDoubleBits = 53;
constexpr mpfr_exp_t kSmallestExponent = -500;

// The weight, rounded to 53 bits without a bound on its exponent.
std::unique_ptr<Real> RoundedOnce(std::size_t k,
                                  const std::function<void(std::size_t, Real&)>& formula) {
  for (mpfr_prec_t precision = kFirstPrecision; precision <= kLastPrecision; precision *= 2) {
    Real weight(precision);
    formula(k, weight);
    if (weight.is_exact() || mpfr_can_round(weight.get(), precision - kErrorBits, MPFR_RNDN,
                                            MPFR_RNDN, kDoubleBits) != 0) {
      auto rounded = std::make_unique<Real>(kDoubleBits);
      mpfr_set(rounded->get(), weight.get(), MPFR_RNDN);
      return rounded;
    }
  }
  throw Error(ErrorKind::kUsage, "a weight lies too close to the middle of two numbers");
}

}  // namespace

Real::Real(mpfr_prec_t precision) { mpfr_init2(value_, precision); }

Real::~Real() { mpfr_clear(value_); }

void Real::Note(int ternary, const Real* operand) noexcept {
  is_exact_ = is_exact_ && ternary == 0 && (operand == nullptr || operand->is_exact_);
}

void Real::Set(double value) { Note(mpfr_set_d(value_, value, MPFR_RNDN)); }

void Real::SetCount(unsigned long count) { Note(mpfr_set_ui(value_, count, MPFR_RNDN)); }

void Real::Power(const Real& base, unsigned long exponent) {
  Note(mpfr_pow_ui(value_, base.value_, exponent, MPFR_RNDN), &base);
}

void Real::PowerOfTwo(const Real& exponent) {
  Note(mpfr_exp2(value_, exponent.value_, MPFR_RNDN), &exponent);
}

void Real::OneMinus(const Real& value) {
  Note(mpfr_ui_sub(value_, 1, value.value_, MPFR_RNDN), &value);
}

void Real::OneMinusPowerOfTwo(const Real& exponent) {
  // -expm1(exponent * ln 2): for an exponent below 0 the relative error of the product comes out
  // no larger than it went in.
  constexpr mpfr_prec_t kGuardBits = 16;
  Real power(precision() + kGuardBits);
  mpfr_const_log2(power.value_, MPFR_RNDN);
  mpfr_mul(power.value_, power.value_, exponent.value_, MPFR_RNDN);
  mpfr_expm1(power.value_, power.value_, MPFR_RNDN);
  mpfr_neg(value_, power.value_, MPFR_RNDN);
  is_exact_ = false;
}

void Real::MultiplyBy(const Real& factor) {
  Note(mpfr_mul(value_, value_, factor.value_, MPFR_RNDN), &factor);
}

void Real::DivideBy(const Real& divisor) {
  Note(mpfr_div(value_, value_, divisor.value_, MPFR_RNDN), &divisor);
}

Linear RoundedWeights(std::size_t inputs,
                      const std::function<void(std::size_t k, Real& weight)>& formula) {
  std::vector<std::unique_ptr<Real>> exact;
  mpfr_exp_t largest = mpfr_get_emin();
  for (std::size_t k = 0; k < inputs; ++k) {
    exact.push_back(RoundedOnce(k, formula));
    if (mpfr_zero_p(exact.back()->get()) == 0) {
      largest = std::max(largest, mpfr_get_exp(exact.back()->get()));
    }
  }
  Linear linear;
  std::size_t vanished = 0;
  for (const auto& weight : exact) {
    const bool is_zero = mpfr_zero_p(weight->get()) != 0;
    const bool vanishes = !is_zero && mpfr_get_exp(weight->get()) - largest < kSmallestExponent;
    vanished += vanishes ? 1 : 0;
    // MPFR's significands lie in [1/2, 1): the largest weight gets exponent 1.
    if (!is_zero) mpfr_mul_2si(weight->get(), weight->get(), 1 - largest, MPFR_RNDN);
    linear.weights.push_back(is_zero || vanishes ? 0.0 : mpfr_get_d(weight->get(), MPFR_RNDN));
  }
  if (vanished > 0) {
    linear.warnings.push_back(std::to_string(vanished) +
                              " weights are less than 2^-500 of the largest and count as 0");
  }
  return linear;
}

}  // namespace polyak
