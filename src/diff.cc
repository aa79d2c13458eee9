#include "diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "opening.h"

namespace polyak {
namespace {

ComparedCheckpoint Take(OpenedCheckpoint& opened) {
  return {std::string(opened.format), std::move(opened.checkpoint)};
}

Verdict VerdictOn(const TensorPair& pair, const TensorInfo& a, const TensorInfo& b,
                  const ElementDifferences& found, double tolerance) {
  if (a.shape != b.shape) return Verdict::kOtherShape;
  if (a.dtype != b.dtype || a.element_bytes != b.element_bytes) return Verdict::kOtherDType;
  if (pair.compared_as == ComparedAs::kNothing) return Verdict::kNotCompared;
  if (found.differing == 0) return Verdict::kEqual;
  const bool is_near = pair.compared_as == ComparedAs::kValues && found.nonfinite_mismatches == 0 &&
                       found.max_difference <= tolerance;
  return is_near ? Verdict::kEqual : Verdict::kDifferent;
}

std::vector<ElementDifferences> Measure(const DiffJob& job, const Diff& diff,
                                        const std::vector<TensorPair>& pairs,
                                        const OpenedCheckpoints& opened) {
  const Checkpoint& a = *diff.a.checkpoint;
  const Checkpoint& b = *diff.b.checkpoint;
  MemoryRequest request = DifferencesMemory(a, b, pairs);
  request.budget_bytes = job.memory_bytes;
  request.threads = ThreadsOrDefault(job.threads, false);
  std::vector<ElementDifferences> differences =
      DifferencesOf(a, b, pairs, PlanMemoryWith(opened, request), job.control);
  a.CheckUnchanged();
  b.CheckUnchanged();
  return differences;
}

std::size_t Count(const Diff& diff, Verdict verdict) noexcept {
  return static_cast<std::size_t>(std::ranges::count(diff.tensors, verdict, &TensorDiff::verdict));
}

}  // namespace

std::string_view NameOf(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 7> kNames = {
      "equal", "differs", "only in A", "only in B", "other shape", "other dtype", "not compared"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

std::size_t Diff::equal() const noexcept { return Count(*this, Verdict::kEqual); }

std::size_t Diff::not_compared() const noexcept { return Count(*this, Verdict::kNotCompared); }

const TensorInfo& Diff::InfoOf(const TensorDiff& tensor) const {
  return tensor.pair.a != kNoTensor ? a.checkpoint->tensors()[tensor.pair.a]
                                    : b.checkpoint->tensors()[tensor.pair.b];
}

bool Diff::HasUlps(const TensorDiff& tensor) const {
  return HasNorms(tensor) && tensor.verdict != Verdict::kOtherDType;
}

bool Diff::HasNorms(const TensorDiff& tensor) const {
  return tensor.pair.compared_as == ComparedAs::kValues && CanBeAveraged(InfoOf(tensor).dtype);
}

std::string_view Diff::WhyNotCompared(const TensorDiff& tensor) const {
  if (tensor.verdict != Verdict::kNotCompared) return {};
  const TensorInfo& in_a = a.checkpoint->tensors()[tensor.pair.a];
  const TensorInfo& in_b = b.checkpoint->tensors()[tensor.pair.b];
  return in_a.unreadable.empty() ? in_b.unreadable : in_a.unreadable;
}

Diff Compare(const DiffJob& job) {
  if (!std::isfinite(job.tolerance) || job.tolerance < 0) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the tolerance must be a finite number, not below 0 (found {})",
                            job.tolerance));
  }
  OpenedCheckpoints opened = OpenCheckpoints({.paths = std::array{job.a, job.b},
                                              .threads = ThreadsOrDefault(job.threads, false),
                                              .memory_bytes = job.memory_bytes,
                                              .hdf5_helper = job.hdf5_helper,
                                              .temporary_folder = {},
                                              .stop = job.control.stop});
  Diff diff;
  diff.a = Take(opened.checkpoints[0]);
  diff.b = Take(opened.checkpoints[1]);
  TellWarnings(std::array{diff.a.checkpoint.get(), diff.b.checkpoint.get()}, job.control);
  const std::vector<TensorPair> pairs = PairTensors(*diff.a.checkpoint, *diff.b.checkpoint);
  const std::vector<ElementDifferences> found = Measure(job, diff, pairs, opened);
  diff.tensors.reserve(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const TensorPair& pair = pairs[i];
    Verdict verdict = pair.b == kNoTensor ? Verdict::kOnlyInA : Verdict::kOnlyInB;
    if (pair.a != kNoTensor && pair.b != kNoTensor) {
      verdict = VerdictOn(pair, diff.a.checkpoint->tensors()[pair.a],
                          diff.b.checkpoint->tensors()[pair.b], found[i], job.tolerance);
    }
    diff.tensors.push_back({pair, verdict, found[i]});
  }
  return diff;
}

}  // namespace polyak
