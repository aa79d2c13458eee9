#include "midpoint_oracle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "element_bits.h"

namespace polyak::test {
namespace {

__extension__ using Uint128 = unsigned __int128;

// A float64 as an integer times 2^exponent.
struct Scaled {
  std::uint64_t integer;
  int exponent;
  bool negative;
};

Scaled ScaledOf(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto field = static_cast<int>(bits >> 52 & 0x7FF);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const bool negative = bits >> 63 != 0;
  if (field == 0) return {fraction, -1074, negative};
  return {fraction | std::uint64_t{1} << 52, field - 1075, negative};
}

// Which bits the products of one element take up.
class BitRange {
 public:
  void Include(double a, double b) {
    const Scaled x = ScaledOf(a);
    const Scaled y = ScaledOf(b);
    if (x.integer == 0 || y.integer == 0) return;
    lowest_ = std::min(lowest_, x.exponent + y.exponent);
    highest_ = std::max(highest_, x.exponent + y.exponent + 106);
  }
  int lowest() const { return lowest_; }
  // With room for 2^60 summands, a doubling and the sign.
  std::size_t words() const { return static_cast<std::size_t>(highest_ - lowest_ + 62) / 64 + 1; }

 private:
  int lowest_ = 5000;
  int highest_ = -5000;
};

// Two's complement, the lowest word first, in units of the range's lowest bit.
class LongInteger {
 public:
  explicit LongInteger(const BitRange& range) : lowest_(range.lowest()), count_(range.words()) {
    std::fill_n(words_.begin(), count_, 0);
  }

  void Add(double a, double b, bool subtract) {
    const Scaled x = ScaledOf(a);
    const Scaled y = ScaledOf(b);
    if (x.integer == 0 || y.integer == 0) return;
    const Uint128 product = Uint128{x.integer} * y.integer;
    const int shift = x.exponent + y.exponent - lowest_;
    const int bits = shift % 64;
    const std::uint64_t parts[3] = {
        static_cast<std::uint64_t>(product << bits),
        static_cast<std::uint64_t>(product << bits >> 64),
        bits == 0 ? 0 : static_cast<std::uint64_t>(product >> (128 - bits))};
    AddWords(parts, static_cast<std::size_t>(shift / 64), subtract != (x.negative != y.negative));
  }

  void Double() {
    for (std::size_t word = count_; word-- > 1;) {
      words_[word] = words_[word] << 1 | words_[word - 1] >> 63;
    }
    words_[0] <<= 1;
  }

  int Sign() const {
    if (words_[count_ - 1] >> 63 != 0) return -1;
    return std::any_of(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [](std::uint64_t word) { return word != 0; })
               ? 1
               : 0;
  }

 private:
  void AddWords(const std::uint64_t (&parts)[3], std::size_t first, bool subtract) {
    std::uint64_t carry = subtract ? 1 : 0;
    for (std::size_t word = first; word < count_; ++word) {
      const std::size_t part = word - first;
      if (part >= 3 && carry == (subtract ? 1U : 0U)) return;
      const std::uint64_t term = part < 3 ? parts[part] : 0;
      const Uint128 sum = Uint128{words_[word]} + (subtract ? ~term : term) + carry;
      words_[word] = static_cast<std::uint64_t>(sum);
      carry = static_cast<std::uint64_t>(sum >> 64);
    }
  }

  int lowest_;
  std::size_t count_;
  std::array<std::uint64_t, 80> words_;  // those below count_ are set
};

// Numbers whose sum is exactly that of `terms`, without overlap: usually one to three.
std::vector<double> Expansion(std::span<const double> terms) {
  std::vector<double> parts;
  for (double term : terms) {
    std::vector<double> grown;
    for (const double part : parts) {
      const double sum = term + part;
      const double part_kept = sum - term;
      const double rest = (term - (sum - part_kept)) + (part - part_kept);
      if (rest != 0.0) grown.push_back(rest);
      term = sum;
    }
    if (term != 0.0) grown.push_back(term);
    parts = grown;
  }
  return parts;
}

}  // namespace

MidpointOracle::MidpointOracle(const MeanRequest& request)
    : request_(request),
      total_(request.normalised ? Expansion(request.weights) : std::vector<double>{1.0}) {}

bool MidpointOracle::IsMean(DType dtype, std::span<const std::uint64_t> column,
                            std::uint64_t element) const {
  const FloatShape shape = ShapeOf(dtype);
  const bool is_zero = (element & ~shape.sign()) == 0;
  const bool is_largest = (element & ~shape.sign()) == shape.largest();
  if (is_zero || is_largest || !shape.finite(element)) {
    return ExpectedMean(request_, dtype, column).bits == element;
  }
  const double value = ValueOf(dtype, element);
  // Neighbours away from zero and towards it; the differences have one bit.
  const double outer = std::abs(ValueOf(dtype, element + 1) - value);
  const double inner = std::abs(ValueOf(dtype, element - 1) - value);

  BitRange range;
  for (std::size_t k = 0; k < column.size(); ++k) {
    range.Include(request_.weights[k], ValueOf(dtype, column[k]));
  }
  for (const double part : total_) {
    range.Include(part, value);
    range.Include(part, inner);
  }
  LongInteger rest(range);
  for (std::size_t k = 0; k < column.size(); ++k) {
    rest.Add(request_.weights[k], ValueOf(dtype, column[k]), false);
  }
  for (const double part : total_) rest.Add(part, value, true);
  const int sign = rest.Sign();
  if (sign == 0) return true;

  // The true mean lies above the value where rest / total > 0.
  const bool total_negative = total_.back() < 0;
  const bool above = (sign < 0) == total_negative;
  const double gap = above == (value > 0) ? outer : inner;
  rest.Double();
  for (const double part : total_) rest.Add(part, gap, (sign > 0) != total_negative);
  const int beyond = rest.Sign() * sign;
  return beyond < 0 || (beyond == 0 && (element & 1) == 0);
}

}  // namespace polyak::test
