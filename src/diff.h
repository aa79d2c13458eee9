// Compares two checkpoints, tensor by tensor.
//
//   const polyak::Diff found = polyak::Compare({.a = "ep11.onnx", .b = "ep12.h5"});
//
// As polyak.h: prints nothing, throws polyak::Error, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/element_differences.h"
#include "core/checkpoint.h"
#include "core/helper_program.h"
#include "engine/run_control.h"
#include "engine/tensor_differences.h"
#include "plan/memory_plan.h"

namespace polyak {

struct DiffJob {
  std::filesystem::path a;
  std::filesystem::path b;
  // Tensors count as equal whose elements are at most this far apart. Finite, not below 0.
  double tolerance = 0;

  std::size_t threads = 0;  // 0: as many as the machine has, at most 8
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  HelperProgram hdf5_helper;  // unless it is told: beside the running program
  RunControl control;
};

enum class Verdict : std::uint8_t {
  kEqual,
  kDifferent,
  kOnlyInA,
  kOnlyInB,
  kOtherShape,
  kOtherDType,  // two kinds of float are compared all the same
  kNotCompared,
};

// "equal", "differs", "only in A", …
std::string_view NameOf(Verdict verdict) noexcept;

struct TensorDiff {
  TensorPair pair;
  Verdict verdict = Verdict::kNotCompared;
  ElementDifferences differences;

  bool is_in_both() const noexcept { return pair.a != kNoTensor && pair.b != kNoTensor; }
};

struct ComparedCheckpoint {
  std::string format;
  std::shared_ptr<const Checkpoint> checkpoint;
};

struct Diff {
  ComparedCheckpoint a;
  ComparedCheckpoint b;
  std::vector<TensorDiff> tensors;  // those of A in its order, then those that only B has

  std::size_t equal() const noexcept;
  std::size_t not_compared() const noexcept;
  std::size_t different() const noexcept { return tensors.size() - equal() - not_compared(); }

  // The tensor in A, or in B where A hasn't got it.
  const TensorInfo& InfoOf(const TensorDiff& tensor) const;
  // ULPs are of one dtype, and of floats; norms are of floats. Complex numbers are two floats.
  bool HasUlps(const TensorDiff& tensor) const;
  bool HasNorms(const TensorDiff& tensor) const;
  // Of a tensor that is in both and was not compared; empty for all others.
  std::string_view WhyNotCompared(const TensorDiff& tensor) const;
};

// Throws Error of every kind but kMismatch and kNonfinite.
Diff Compare(const DiffJob& job);

}  // namespace polyak
