// A pass over two checkpoints that finds how far their tensors are from one another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arithmetic/element_differences.h"
#include "core/checkpoint.h"
#include "engine/run_control.h"
#include "plan/match.h"
#include "plan/memory_plan.h"

namespace polyak {

// How two tensors of one name are compared.
enum class ComparedAs : std::uint8_t {
  kNothing,   // they can't be: another shape or dtype, not both readable
  kValues,    // as numbers, complex ones part by part: all of ElementDifferences
  kElements,  // bits of elements that aren't numbers to us: `differing` counts them
  kStored,    // the bytes in the files: `differing` is above 0 where they are not the same
};

struct TensorPair {
  TensorNumber a = kNoTensor;  // kNoTensor: only in the other
  TensorNumber b = kNoTensor;
  ComparedAs compared_as = ComparedAs::kNothing;
};

// Pairs tensors by name: those of `a` in its order, then those that only `b` has.
std::vector<TensorPair> PairTensors(const Checkpoint& a, const Checkpoint& b);

// What the pass needs of the memory plan.
MemoryRequest DifferencesMemory(const Checkpoint& a, const Checkpoint& b,
                                std::span<const TensorPair> pairs);

// Of each pair; empty ones of those that aren't compared. They depend on the elements only, not
// on workers, tiles or machine. Throws what reading and stopping throw.
std::vector<ElementDifferences> DifferencesOf(const Checkpoint& a, const Checkpoint& b,
                                              std::span<const TensorPair> pairs,
                                              const MemoryPlan& memory, const RunControl& control);

}  // namespace polyak
