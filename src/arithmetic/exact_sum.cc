#include "arithmetic/exact_sum.h"

#include <bit>
#include <cassert>

namespace polyak {
namespace {

__extension__ using Uint128 = unsigned __int128;

int HighestBit(std::span<const std::uint64_t> words) noexcept {
  std::size_t word = words.size();
  while (word > 0 && words[word - 1] == 0) --word;
  if (word == 0) return -1;
  return 64 * static_cast<int>(word) - 1 - std::countl_zero(words[word - 1]);
}

// Bits below 0 are zero: a number goes on with zeros below its last bit.
std::uint64_t BitAt(std::span<const std::uint64_t> words, int bit) noexcept {
  if (bit < 0) return 0;
  return words[static_cast<std::size_t>(bit) / 64] >> (bit % 64) & 1;
}

// The 64 bits from `bit` on; those below 0 and above the last are zero.
std::uint64_t WordAt(std::span<const std::uint64_t> words, int bit) noexcept {
  const auto whole = [words](int word) {
    return word < 0 || static_cast<std::size_t>(word) >= words.size()
               ? std::uint64_t{0}
               : words[static_cast<std::size_t>(word)];
  };
  const int word = bit >= 0 ? bit / 64 : (bit - 63) / 64;
  const int shift = bit - 64 * word;
  if (shift == 0) return whole(word);
  return whole(word) >> shift | whole(word + 1) << (64 - shift);
}

bool AnyBitBelow(std::span<const std::uint64_t> words, int bit) noexcept {
  if (bit <= 0) return false;
  const std::size_t whole = static_cast<std::size_t>(bit) / 64;
  for (std::size_t word = 0; word < whole; ++word) {
    if (words[word] != 0) return true;
  }
  return bit % 64 != 0 && (words[whole] & ((std::uint64_t{1} << (bit % 64)) - 1)) != 0;
}

// The remainder of a long division: one word more than the divisor.
class Remainder {
 public:
  explicit Remainder(std::size_t divisor_words) noexcept : words_(divisor_words + 1) {}

  // What stands in `words` from `lowest_bit` on, which has to fit; bits below 0 are zero.
  void Load(std::span<const std::uint64_t> words, int lowest_bit) noexcept {
    for (std::size_t word = 0; word < words_; ++word) {
      value_[word] = WordAt(words, lowest_bit + 64 * static_cast<int>(word));
    }
  }

  void ShiftIn(std::uint64_t bit) noexcept {
    for (std::size_t word = 0; word < words_; ++word) {
      const std::uint64_t out = value_[word] >> 63;
      value_[word] = value_[word] << 1 | bit;
      bit = out;
    }
  }

  // Subtracts the divisor where it fits, and says whether it did.
  bool Reduce(std::span<const std::uint64_t> divisor) noexcept {
    if (Less(divisor)) return false;
    std::uint64_t borrow = 0;
    for (std::size_t word = 0; word < words_; ++word) {
      const std::uint64_t taken = word < divisor.size() ? divisor[word] : 0;
      const Uint128 difference = Uint128{value_[word]} - taken - borrow;
      value_[word] = static_cast<std::uint64_t>(difference);
      borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
    }
    return true;
  }

  bool zero() const noexcept { return HighestBit({value_.data(), words_}) < 0; }

 private:
  bool Less(std::span<const std::uint64_t> divisor) const noexcept {
    if (value_[words_ - 1] != 0) return false;
    for (std::size_t word = divisor.size(); word-- > 0;) {
      if (value_[word] != divisor[word]) return value_[word] < divisor[word];
    }
    return false;
  }

  std::size_t words_;
  std::array<std::uint64_t, ExactSum::kWords + 1> value_{};
};

}  // namespace

void ExactSum::AddProduct(double a, double b) noexcept {
  const FloatParts left = PartsOf<Float64Format>(std::bit_cast<std::uint64_t>(a));
  const FloatParts right = PartsOf<Float64Format>(std::bit_cast<std::uint64_t>(b));
  const Uint128 product = Uint128{left.significand} * right.significand;
  if (product == 0) return;
  const auto shift = static_cast<std::size_t>(left.exponent + right.exponent - kLowestExponent);
  const std::size_t bits = shift % 64;
  // The product's 106 bits, shifted by less than a word, are three words.
  const Uint128 low = product << bits;
  const std::uint64_t high = bits == 0 ? 0 : static_cast<std::uint64_t>(product >> (128 - bits));
  const std::uint64_t parts[3] = {static_cast<std::uint64_t>(low),
                                  static_cast<std::uint64_t>(low >> 64), high};
  const bool subtract = left.negative != right.negative;
  std::uint64_t carry = 0;
  for (std::size_t word = shift / 64, part = 0; word < kWords && (part < 3 || carry != 0);
       ++word, ++part) {
    const std::uint64_t change = part < 3 ? parts[part] : 0;
    const Uint128 sum =
        subtract ? Uint128{words_[word]} - change - carry : Uint128{words_[word]} + change + carry;
    words_[word] = static_cast<std::uint64_t>(sum);
    carry = static_cast<std::uint64_t>(sum >> 64) & 1;
  }
}

void ExactSum::Negate() noexcept {
  std::uint64_t carry = 1;
  for (std::uint64_t& word : words_) {
    word = ~word + carry;
    carry = carry != 0 && word == 0 ? 1 : 0;
  }
}

bool ExactSum::zero() const noexcept { return HighestBit(words_) < 0; }

Divisor::Divisor(const ExactSum& divisor) noexcept : negative_(divisor.negative()) {
  assert(!divisor.zero());
  ExactSum magnitude = divisor;
  if (negative_) magnitude.Negate();
  const auto words = magnitude.words();
  std::size_t first = 0;
  while (words[first] == 0) ++first;
  const int top = HighestBit(words);
  word_count_ = static_cast<std::size_t>(top) / 64 + 1 - first;
  for (std::size_t word = 0; word < word_count_; ++word) magnitude_[word] = words[first + word];
  bit_count_ = top + 1 - 64 * static_cast<int>(first);
  top_exponent_ = top + ExactSum::kLowestExponent;
}

// The numerator's leading 128 bits, or 127 where that is what gives 64 bits, by the divisor with
// its highest bit set.
Quotient Divisor::DivideByWord(std::span<const std::uint64_t> words, int top,
                               bool negative) const noexcept {
  const std::uint64_t divisor = magnitude_[0] << (64 - bit_count_);
  int lowest_bit = top - 127;
  if (WordAt(words, lowest_bit + 64) >= divisor) ++lowest_bit;
  const Uint128 leading = Uint128{WordAt(words, lowest_bit + 64)} << 64 | WordAt(words, lowest_bit);
  Quotient quotient;
  quotient.leading.significand = static_cast<std::uint64_t>(leading / divisor);
  quotient.leading.exponent = lowest_bit + ExactSum::kLowestExponent - (top_exponent_ - 63);
  quotient.leading.negative = negative;
  quotient.sticky = leading % divisor != 0 || AnyBitBelow(words, lowest_bit);
  return quotient;
}

// Long division in base two. The remainder begins with as many leading bits of the numerator as
// the divisor has, so the first quotient bit, which may be 0, weighs 2^(top - divisor's top).
Quotient Divisor::Divide(const ExactSum& numerator) const noexcept {
  assert(!numerator.zero());
  ExactSum magnitude = numerator;
  if (numerator.negative()) magnitude.Negate();
  const auto words = magnitude.words();
  const std::span<const std::uint64_t> divisor(magnitude_.data(), word_count_);
  const int top = HighestBit(words);
  const bool negative = numerator.negative() != negative_;
  if (word_count_ == 1) return DivideByWord(words, top, negative);
  Remainder remainder(word_count_);
  int next_bit = top - (bit_count_ - 1);
  remainder.Load(words, next_bit + 1);

  Quotient quotient;
  int lowest_exponent = top + ExactSum::kLowestExponent - top_exponent_ + 1;
  while (quotient.leading.significand >> 63 == 0) {
    remainder.ShiftIn(BitAt(words, next_bit--));
    quotient.leading.significand <<= 1;
    if (remainder.Reduce(divisor)) quotient.leading.significand |= 1;
    --lowest_exponent;
  }
  quotient.leading.negative = negative;
  quotient.leading.exponent = lowest_exponent;
  quotient.sticky = !remainder.zero() || AnyBitBelow(words, next_bit + 1);
  return quotient;
}

double RoundToFloat64(const Quotient& quotient) noexcept {
  return std::bit_cast<double>(RoundParts<Float64Format>(quotient.leading, quotient.sticky));
}

double RoundToFloat64(const ExactSum& sum) noexcept {
  if (sum.zero()) return 0.0;
  ExactSum one;
  one.AddProduct(1.0, 1.0);
  return RoundToFloat64(Divisor(one).Divide(sum));
}

}  // namespace polyak
