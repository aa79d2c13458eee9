"""The oracle: the real number behind an element's bits, and a real number rounded once.

Written from IEEE 754 with whole numbers and fractions only; nothing of polyak's arithmetic, and no
floating-point operation at all, is in it.
"""
import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class FloatFormat:
    name: str
    bits: int
    precision: int  # of the significand, the hidden bit included

    @property
    def bytes(self):
        return self.bits // 8

    @property
    def sign_bit(self):
        return 1 << (self.bits - 1)

    @property
    def infinity(self):
        exponent_bits = self.bits - self.precision
        return ((1 << exponent_bits) - 1) << (self.precision - 1)

    @property
    def least_exponent(self):
        """Of a normal number 1.f * 2**e."""
        return 2 - (1 << (self.bits - self.precision - 1))

    @property
    def largest(self):
        """The bits of the largest finite number."""
        return self.infinity - 1

    def is_finite(self, bits):
        return bits & (self.sign_bit - 1) < self.infinity

    def units(self, bits):
        """The real number that finite bits stand for, in units of the smallest one."""
        magnitude = bits & (self.sign_bit - 1)
        assert magnitude < self.infinity
        fraction_bits = self.precision - 1
        exponent, fraction = magnitude >> fraction_bits, magnitude & ((1 << fraction_bits) - 1)
        if exponent > 0:
            fraction = (fraction | 1 << fraction_bits) << (exponent - 1)
        return -fraction if bits & self.sign_bit else fraction

    @property
    def unit(self):
        return Fraction(2) ** (self.least_exponent - (self.precision - 1))

    def value(self, bits):
        """The real number that finite bits stand for."""
        return self.units(bits) * self.unit

    def rounded_units(self, numerator, denominator):
        """The bits of numerator / denominator (> 0) units, rounded to nearest, ties to even. Zero
        is +0."""
        magnitude = abs(numerator)
        shift = max(0, magnitude.bit_length() - denominator.bit_length() - self.precision)
        if magnitude >= denominator << (shift + self.precision):
            shift += 1
        divisor = denominator << shift
        significand, rest = divmod(magnitude, divisor)
        if 2 * rest > divisor or (2 * rest == divisor and significand % 2 == 1):
            significand += 1
        # The hidden bit carries into the exponent, as does a significand that became 2.
        bits = min(significand + (shift << (self.precision - 1)), self.infinity)
        return bits | (self.sign_bit if numerator < 0 else 0)

    def rounded(self, value):
        """The same of a fraction."""
        in_units = Fraction(value) / self.unit
        return self.rounded_units(in_units.numerator, in_units.denominator)


FLOAT16 = FloatFormat("float16", 16, 11)
BFLOAT16 = FloatFormat("bfloat16", 16, 8)
FLOAT32 = FloatFormat("float32", 32, 24)
FLOAT64 = FloatFormat("float64", 64, 53)
FORMATS = (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)


def as_float64(value):
    """The real number of `value` rounded once to float64, as a fraction."""
    return FLOAT64.value(FLOAT64.rounded(Fraction(value)))


def mean_bits(column, weights, total, number, normalised):
    """One element of a linear average, RN(sum of w*x / total), by polyak's rules: `column` holds
    the element's bits in each input, weights and total are whole numbers, number a FloatFormat."""
    used = [(bits, weight) for bits, weight in zip(column, weights) if weight != 0]
    if normalised and len({bits for bits, _ in used}) == 1:
        return used[0][0]
    exact = sum(weight * number.units(bits) for bits, weight in used)
    if exact == 0 and all(bits == number.sign_bit for bits, _ in used):
        return number.sign_bit
    return number.rounded_units(exact if total > 0 else -exact, abs(total))


def mean_of_columns(inputs, weights, number, normalised=True):
    """The averages of all elements; `inputs` are lists of bits, one per checkpoint."""
    weights = [Fraction(weight) for weight in weights]
    denominator = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * denominator) for weight in weights]
    total = sum(whole) if normalised else denominator
    return [mean_bits(column, whole, total, number, normalised) for column in zip(*inputs)]


def ema_weights(decay, inputs):
    """The method ema: w_1 = b^(n-1), w_k = (1-b)*b^(n-k), each rounded once to float64; one
    below 2^-500 of the largest is 0."""
    base = Fraction(decay)
    exact = [base ** (inputs - 1)]
    exact += [(1 - base) * base ** (inputs - k) for k in range(2, inputs + 1)]
    least = max(exact) * Fraction(2) ** -500
    # A common power of two: nothing that counts is near the ends of float64's range.
    largest = max(exact)
    scale = Fraction(2) ** (largest.denominator.bit_length() - largest.numerator.bit_length())
    return [Fraction(0) if weight < least else as_float64(weight * scale) for weight in exact]
