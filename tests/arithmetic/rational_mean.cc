#include "rational_mean.h"

#include <gmp.h>

#include <algorithm>
#include <cmath>

#include "element_bits.h"

namespace polyak::test {
namespace {

// A GMP integer with a lifetime.
class Integer {
 public:
  Integer() { mpz_init(value_); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  ~Integer() { mpz_clear(value_); }
  mpz_ptr get() { return value_; }
  mpz_srcptr get() const { return value_; }

 private:
  mpz_t value_;
};

// All sums are held as integers times 2^-kScale; products of float64 are multiples of 2^-2148.
constexpr int kScale = 2148;

// sum += a * b * 2^kScale
void AddProduct(Integer& sum, double a, double b) {
  if (a == 0.0 || b == 0.0) return;
  int a_exponent = 0;
  int b_exponent = 0;
  const double a_fraction = std::frexp(a, &a_exponent);
  const double b_fraction = std::frexp(b, &b_exponent);
  Integer product;
  Integer factor;
  mpz_set_d(product.get(), std::ldexp(a_fraction, 53));
  mpz_set_d(factor.get(), std::ldexp(b_fraction, 53));
  mpz_mul(product.get(), product.get(), factor.get());
  const int shift = a_exponent + b_exponent - 106 + kScale;
  if (shift >= 0) {
    mpz_mul_2exp(product.get(), product.get(), static_cast<mp_bitcnt_t>(shift));
  } else {
    mpz_tdiv_q_2exp(product.get(), product.get(), static_cast<mp_bitcnt_t>(-shift));
  }
  mpz_add(sum.get(), sum.get(), product.get());
}

void SetSum(Integer& sum, std::span<const double> weights) {
  mpz_set_ui(sum.get(), 0);
  for (const double weight : weights) AddProduct(sum, weight, 1.0);
}

// floor(log2(a / b)) of positive integers.
int FloorLog2OfQuotient(const Integer& a, const Integer& b) {
  const auto bits = [](const Integer& i) { return static_cast<int>(mpz_sizeinbase(i.get(), 2)); };
  const int guess = bits(a) - bits(b);  // right, or one too large
  Integer left;
  Integer right;
  mpz_mul_2exp(left.get(), a.get(), static_cast<mp_bitcnt_t>(std::max(0, -guess)));
  mpz_mul_2exp(right.get(), b.get(), static_cast<mp_bitcnt_t>(std::max(0, guess)));
  return mpz_cmp(left.get(), right.get()) < 0 ? guess - 1 : guess;
}

// numerator / denominator to the nearest element, ties to the even one; neither is zero.
std::uint64_t RoundQuotient(const Integer& numerator, const Integer& denominator, DType dtype) {
  const FloatShape shape = ShapeOf(dtype);
  const bool negative = (mpz_sgn(numerator.get()) < 0) != (mpz_sgn(denominator.get()) < 0);
  const std::uint64_t sign = negative ? shape.sign() : 0;
  Integer a;
  Integer b;
  mpz_abs(a.get(), numerator.get());
  mpz_abs(b.get(), denominator.get());
  const int exponent = std::max(FloorLog2OfQuotient(a, b), 1 - shape.max_exponent);
  const int ulp_exponent = exponent - shape.precision + 1;
  mpz_mul_2exp(a.get(), a.get(), static_cast<mp_bitcnt_t>(std::max(0, -ulp_exponent)));
  mpz_mul_2exp(b.get(), b.get(), static_cast<mp_bitcnt_t>(std::max(0, ulp_exponent)));
  Integer quotient;
  Integer rest;
  mpz_fdiv_qr(quotient.get(), rest.get(), a.get(), b.get());
  mpz_mul_2exp(rest.get(), rest.get(), 1);
  const int half = mpz_cmp(rest.get(), b.get());
  if (half > 0 || (half == 0 && mpz_odd_p(quotient.get()))) {
    mpz_add_ui(quotient.get(), quotient.get(), 1);
  }
  if (mpz_sgn(quotient.get()) == 0) return sign;
  const int top = static_cast<int>(mpz_sizeinbase(quotient.get(), 2)) - 1 + ulp_exponent;
  if (top > shape.max_exponent) return sign | shape.infinity();
  return sign | BitsOf(dtype, std::ldexp(mpz_get_d(quotient.get()), ulp_exponent));
}

// NaN, or infinities of both signs, give NaN; else the infinity decides.
std::uint64_t NonfiniteMean(const MeanRequest& request, bool total_negative, DType dtype,
                            std::span<const std::uint64_t> column) {
  double sum = 0.0;
  for (std::size_t k = 0; k < column.size(); ++k) {
    const FloatShape shape = ShapeOf(dtype);
    if (shape.finite(column[k])) continue;
    const bool nan = (column[k] & ~shape.sign()) > shape.infinity();
    const double infinity = (column[k] & shape.sign()) != 0 ? -HUGE_VAL : HUGE_VAL;
    sum += nan ? std::nan("") : infinity * std::copysign(1.0, request.weights[k]);
  }
  const FloatShape shape = ShapeOf(dtype);
  if (std::isnan(sum)) return shape.quiet_nan();
  return shape.infinity() | (((sum < 0) != total_negative) ? shape.sign() : 0);
}

}  // namespace

ExpectedElement ExpectedMean(const MeanRequest& request, DType dtype,
                             std::span<const std::uint64_t> column) {
  using Kind = ExpectedElement::Kind;
  const FloatShape shape = ShapeOf(dtype);
  Integer one;
  AddProduct(one, 1.0, 1.0);
  Integer total;
  SetSum(total, request.weights);
  const bool sums_to_total = request.normalised || mpz_cmp(total.get(), one.get()) == 0;
  if (!request.normalised) mpz_set(total.get(), one.get());

  const bool identical = std::ranges::all_of(column, [&](auto bits) { return bits == column[0]; });
  if (identical && sums_to_total) {
    return {shape.finite(column[0]) ? Kind::kValue : Kind::kKeptNonfinite, column[0]};
  }
  const auto nonfinite =
      std::ranges::find_if(column, [&](auto bits) { return !shape.finite(bits); });
  if (nonfinite != column.end()) {
    const auto input = static_cast<std::size_t>(nonfinite - column.begin());
    if (!request.allow_nonfinite) return {Kind::kNonfiniteInput, 0, input};
    return {Kind::kValue, NonfiniteMean(request, mpz_sgn(total.get()) < 0, dtype, column)};
  }
  Integer sum;
  for (std::size_t k = 0; k < column.size(); ++k) {
    AddProduct(sum, request.weights[k], ValueOf(dtype, column[k]));
  }
  if (mpz_sgn(sum.get()) == 0) {
    return {Kind::kValue, identical && column[0] == shape.sign() ? shape.sign() : 0};
  }
  const std::uint64_t mean = RoundQuotient(sum, total, dtype);
  if (!shape.finite(mean) && !request.allow_nonfinite) return {Kind::kOverflow};
  return {Kind::kValue, mean};
}

double ExpectedQuotient(double weight, std::span<const double> weights) {
  Integer numerator;
  AddProduct(numerator, weight, 1.0);
  Integer total;
  SetSum(total, weights);
  const std::uint64_t bits = RoundQuotient(numerator, total, DType::kFloat64);
  return ShapeOf(DType::kFloat64).finite(bits) ? ValueOf(DType::kFloat64, bits)
                                               : std::copysign(HUGE_VAL, weight);
}

}  // namespace polyak::test
