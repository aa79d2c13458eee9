// The exact weighted mean: y = RN(sum of w_k * x_k / W), the true number rounded once to the
// dtype, to nearest, ties to even. W is the exact sum of the weights where they are normalised,
// else 1. The result does not depend on instruction set, position, alignment or block size.
//
// - Where W is the sum of the weights (also if not normalised and they sum to exactly 1), an
//   element that is bit-identical in all inputs is kept as it is, whatever it is.
// - Else NaN and infinity are faults, or follow IEEE rules if allowed; every NaN that results is
//   the positive quiet NaN without payload.
// - A mean of finite inputs that overflows is a fault, or an infinity if non-finite is allowed.
// - A zero is -0.0 exactly if all inputs are, or if a negative mean underflowed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/dtype.h"

namespace polyak {

// Which of several inputs, and where, had a value that can't be averaged.
struct MeanFault {
  enum class Kind : std::uint8_t {
    kNonfiniteInput,
    kOverflow,  // finite inputs, but the mean is too large for the dtype
  };
  Kind kind = Kind::kNonfiniteInput;
  std::size_t input = 0;    // kNonfiniteInput: the first such at that element; else 0
  std::size_t element = 0;  // the lowest such

  bool operator==(const MeanFault&) const = default;
};

struct MeanResult {
  std::uint64_t nonfinite_kept = 0;  // elements NaN or infinite and identical in all inputs
  std::optional<MeanFault> fault;    // the first one; out is unspecified from there on
};

// The instruction sets that can be forced on this machine, the best first; the last is "scalar".
std::vector<std::string_view> AvailableInstructionSets();

// Immutable; any thread. Keeps a copy of the weights. The constructor throws Error (kUsage) for
// an unknown instruction set, and std::bad_alloc.
class LinearMean {
 public:
  // weights: one per input, at least one, finite and not zero; if normalised, their exact sum
  // isn't zero. instruction_set: one of AvailableInstructionSets(); empty: the best.
  LinearMean(std::span<const double> weights, bool normalised, bool allow_nonfinite,
             std::string_view instruction_set = {});

  // inputs: one pointer per weight to `elements` elements of a floating-point dtype in native
  // byte order, of any alignment. out: as large, overlapping no input. Doesn't allocate or lock,
  // and sets the floating-point mode for itself.
  MeanResult Apply(DType dtype, const std::byte* const* inputs, std::size_t elements,
                   std::byte* out) const noexcept;

  std::string_view instruction_set() const noexcept;

 private:
  struct Prepared;  // the weights in the forms that the kernels want

  std::shared_ptr<const Prepared> prepared_;  // copies of a LinearMean share it
};

// True where the exact sum of the weights is zero.
bool SumsToZero(std::span<const double> weights) noexcept;

// weight / W, each rounded once to float64; infinite where too large. Weights may be 0 here; if
// normalised, their sum is not.
std::vector<double> EffectiveWeights(std::span<const double> weights, bool normalised);

}  // namespace polyak
