// The elementwise kernels of one instruction set, and the table of those that this processor has.
//
// Kernels are functions without state: any thread, no allocation, no errors. They want the mode
// of FpEnvironment. The tables are constants of the program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "arithmetic/mean_plan.h"
#include "core/dtype.h"

namespace polyak {

// What one call of a kernel is about: elements [first, first + count) of the inputs. Pointers
// need no alignment; out overlaps no input.
struct Block {
  const std::byte* const* inputs;
  std::byte* out;
  std::size_t first;
  std::size_t count;  // at most kMaxBlockElements
};

inline constexpr std::size_t kMaxBlockElements = 512;

// The elements of a block that a kernel could not decide, ascending, counted from its first.
class UndecidedElements {
 public:
  void Add(std::size_t element) noexcept {
    elements_[count_++] = static_cast<std::uint16_t>(element);
  }
  std::span<const std::uint16_t> span() const noexcept { return {elements_.data(), count_}; }

 private:
  std::size_t count_ = 0;
  std::array<std::uint16_t, kMaxBlockElements> elements_;  // those below count_ are set
};

// Writes the rounded means of the first elements of a block, as many as it does at a time, and
// returns how many those are. What it lists as undecided it may have written anything to.
using MeanKernel = std::size_t (*)(const MeanPlan& plan, const Block& block,
                                   UndecidedElements& undecided);

struct KernelSet {
  std::string_view name;  // by which tests force it: Job::instruction_set
  MeanKernel mean_float16;
  MeanKernel mean_bfloat16;
  MeanKernel mean_float32;
  MeanKernel mean_float64;

  MeanKernel MeanFor(DType dtype) const noexcept {
    switch (dtype) {
      case DType::kFloat16: return mean_float16;
      case DType::kBFloat16: return mean_bfloat16;
      case DType::kFloat32: return mean_float32;
      default: return mean_float64;
    }
  }
};

// One element at a time, in plain C++; never leaves elements of a block over.
const KernelSet& ScalarKernels() noexcept;

// Those that this processor can run, the best first; without the scalar ones.
std::vector<const KernelSet*> VectorKernels();

}  // namespace polyak
