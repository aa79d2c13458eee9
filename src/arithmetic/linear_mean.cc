#include "arithmetic/linear_mean.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "arithmetic/exact_mean.h"
#include "arithmetic/fp_environment.h"
#include "arithmetic/kernel_set.h"
#include "arithmetic/mean_plan.h"
#include "core/error.h"

namespace polyak {
namespace {

// Found out once: virtual machines take long to say what the processor has.
const std::vector<const KernelSet*>& AllKernels() {
  static const std::vector<const KernelSet*> kSets = [] {
    std::vector<const KernelSet*> sets = VectorKernels();
    sets.push_back(&ScalarKernels());
    return sets;
  }();
  return kSets;
}

const KernelSet& KernelsNamed(std::string_view name) {
  const auto& sets = AllKernels();
  if (name.empty()) return *sets.front();
  std::string known;
  for (const KernelSet* set : sets) {
    if (set->name == name) return *set;
    known += (known.empty() ? "" : ", ") + std::string(set->name);
  }
  throw Error(ErrorKind::kUsage, "unknown instruction set '" + std::string(name) + "'",
              "this machine has: " + known);
}

// The elements of a block that its kernel left.
template <class Format>
void Settle(const ExactMean& exact, const Block& block, const UndecidedElements& undecided,
            MeanResult& result) noexcept {
  using Kind = ElementOutcome::Kind;
  for (const std::size_t element : undecided.span()) {
    const std::size_t index = block.first + element;
    const ElementOutcome outcome = exact.Apply<Format>(block.inputs, index, block.out);
    if (outcome.kind == Kind::kMean) continue;
    if (outcome.kind == Kind::kKeptNonfinite) {
      ++result.nonfinite_kept;
      continue;
    }
    result.fault = MeanFault{outcome.kind == Kind::kOverflow ? MeanFault::Kind::kOverflow
                                                             : MeanFault::Kind::kNonfiniteInput,
                             outcome.input, index};
    return;
  }
}

}  // namespace

struct LinearMean::Prepared {
  MeanPlan plan;
  ExactMean exact;
  const KernelSet* kernels;

  // In blocks; vector kernels leave a few elements of the last one to the scalar kernel.
  template <class Format>
  MeanResult Apply(const std::byte* const* inputs, std::size_t elements,
                   std::byte* out) const noexcept {
    const MeanKernel kernel = kernels->MeanFor(Format::kDType);
    const MeanKernel last_kernel = ScalarKernels().MeanFor(Format::kDType);
    MeanResult result;
    std::size_t done = 0;
    while (done < elements && !result.fault) {
      const Block block{inputs, out, done, std::min(kMaxBlockElements, elements - done)};
      UndecidedElements undecided;
      std::size_t decided = kernel(plan, block, undecided);
      if (decided == 0) decided = last_kernel(plan, block, undecided);
      Settle<Format>(exact, block, undecided, result);
      done += decided;
    }
    return result;
  }
};

std::vector<std::string_view> AvailableInstructionSets() {
  std::vector<std::string_view> names;
  for (const KernelSet* set : AllKernels()) names.push_back(set->name);
  return names;
}

LinearMean::LinearMean(std::span<const double> weights, bool normalised, bool allow_nonfinite,
                       std::string_view instruction_set)
    : prepared_(std::make_shared<const Prepared>(Prepared{
          MakeMeanPlan(weights, normalised), ExactMean(weights, normalised, allow_nonfinite),
          &KernelsNamed(instruction_set)})) {
  assert(std::ranges::all_of(weights, [](double w) { return std::isfinite(w) && w != 0.0; }));
}

std::string_view LinearMean::instruction_set() const noexcept { return prepared_->kernels->name; }

MeanResult LinearMean::Apply(DType dtype, const std::byte* const* inputs, std::size_t elements,
                             std::byte* out) const noexcept {
  assert(IsFloat(dtype));
  const FpEnvironment environment;
  switch (dtype) {
    case DType::kFloat16: return prepared_->Apply<Float16Format>(inputs, elements, out);
    case DType::kBFloat16: return prepared_->Apply<BFloat16Format>(inputs, elements, out);
    case DType::kFloat32: return prepared_->Apply<Float32Format>(inputs, elements, out);
    default: return prepared_->Apply<Float64Format>(inputs, elements, out);
  }
}

bool SumsToZero(std::span<const double> weights) noexcept { return SumOf(weights).zero(); }

std::vector<double> EffectiveWeights(std::span<const double> weights, bool normalised) {
  return QuotientsByTotal(weights, normalised);
}

}  // namespace polyak
