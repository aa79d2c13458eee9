// Weights that are the real values of a formula, each rounded once to float64: the same on every
// machine, where libm's pow is not. Computed with MPFR at a precision that is raised until the
// rounding is certain (A. Ziv, "Fast evaluation of elementary mathematical functions with
// correctly rounded last bit", ACM TOMS 17(3), 1991).
#pragma once

#include <mpfr.h>

#include <cstddef>
#include <functional>

#include "methods/method.h"

namespace polyak {

// A number of a given precision in bits. Every operation rounds to nearest, so that its relative
// error is at most 2^-precision; it is counted, and whether all were exact is known.
class Real {
 public:
  explicit Real(mpfr_prec_t precision);
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  ~Real();

  mpfr_prec_t precision() const noexcept { return mpfr_get_prec(value_); }
  mpfr_srcptr get() const noexcept { return value_; }
  mpfr_ptr get() noexcept { return value_; }
  bool is_exact() const noexcept { return is_exact_; }

  void Set(double value);
  void SetCount(unsigned long count);
  void Power(const Real& base, unsigned long exponent);  // base^exponent, 0^0 = 1
  void PowerOfTwo(const Real& exponent);                 // 2^exponent
  void OneMinus(const Real& value);
  void OneMinusPowerOfTwo(const Real& exponent);  // without cancellation; never counts as exact
  void MultiplyBy(const Real& factor);
  void DivideBy(const Real& divisor);

 private:
  void Note(int ternary, const Real* operand = nullptr) noexcept;

  mpfr_t value_;
  bool is_exact_ = true;
};

// The weights for k = 0 … inputs-1, where formula(k, weight) puts the k-th one into `weight` by
// a handful of operations (their relative errors together must stay under 2^(8-precision); what
// amplifies errors, such as a power, needs operands of more precision). Weights are scaled by one
// power of two so that the largest lies in [1, 2); one below 2^-500 of the largest becomes 0, with
// a warning. Single-threaded use.
Linear RoundedWeights(std::size_t inputs,
                      const std::function<void(std::size_t k, Real& weight)>& formula);

}  // namespace polyak
