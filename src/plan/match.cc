#include "plan/match.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

// One thing that is wrong with one input.
struct Difference {
  enum class Kind : std::uint8_t { kMissing, kExtra, kOtherShape, kOtherDType };
  Kind kind;
  std::string tensor;
  std::string detail;
};

std::string Describe(const Difference& difference, const std::string& template_name) {
  switch (difference.kind) {
    case Difference::Kind::kMissing:
      return fmt::format("tensor '{}' of {} is missing", difference.tensor, template_name);
    case Difference::Kind::kExtra:
      return fmt::format("tensor '{}' is not in {}", difference.tensor, template_name);
    case Difference::Kind::kOtherShape:
    case Difference::Kind::kOtherDType: break;
  }
  return fmt::format("tensor '{}' has another {} than in {} ({})", difference.tensor,
                     difference.kind == Difference::Kind::kOtherShape ? "shape" : "dtype",
                     template_name, difference.detail);
}

std::string HintFor(std::span<const Difference> differences, std::size_t matched) {
  if (matched == 0) return "no tensor has the same name in both: are these the same model?";
  for (const Difference& difference : differences) {
    if (difference.kind == Difference::Kind::kOtherShape) {
      return "only checkpoints of one architecture can be averaged";
    }
  }
  return {};
}

[[noreturn]] void Fail(const Checkpoint& input, const Checkpoint& reference,
                       std::span<const Difference> differences, std::size_t matched) {
  constexpr std::size_t kMostTold = 6;
  const std::string name = reference.path().filename().string();
  std::string text;
  if (differences.size() > 1) {
    text = fmt::format("{} tensors don't match: ", differences.size());
  }
  for (std::size_t i = 0; i < std::min(differences.size(), kMostTold); ++i) {
    text += (i == 0 ? "" : "; ") + Describe(differences[i], name);
  }
  if (differences.size() > kMostTold) {
    text += fmt::format("; and {} more", differences.size() - kMostTold);
  }
  Error error(ErrorKind::kMismatch, std::move(text), HintFor(differences, matched));
  error.AddContext(input.path().string());
  throw error;
}

using Names = std::unordered_map<std::string_view, TensorNumber>;

Names NamesOf(const Checkpoint& checkpoint) {
  Names names;
  names.reserve(checkpoint.tensors().size());
  for (TensorNumber i = 0; i < checkpoint.tensors().size(); ++i) {
    names.emplace(checkpoint.tensors()[i].name, i);
  }
  return names;
}

void CompareKinds(const TensorInfo& found, const TensorInfo& expected,
                  std::vector<Difference>& differences) {
  if (found.shape != expected.shape) {
    differences.push_back(
        {Difference::Kind::kOtherShape, found.name,
         fmt::format("found {}, expected {}", ShapeText(found.shape), ShapeText(expected.shape))});
  } else if (found.dtype != expected.dtype || found.element_bytes != expected.element_bytes) {
    differences.push_back(
        {Difference::Kind::kOtherDType, found.name,
         fmt::format("found {}, expected {}", NameOf(found.dtype), NameOf(expected.dtype))});
  }
}

std::vector<TensorNumber> MatchOne(const Checkpoint& input, const Checkpoint& reference,
                                   const Names& reference_names) {
  const Names names = NamesOf(input);
  std::vector<TensorNumber> matches(reference.tensors().size(), kNoTensor);
  std::vector<Difference> differences;
  std::size_t matched = 0;
  for (std::size_t t = 0; t < matches.size(); ++t) {
    const TensorInfo& expected = reference.tensors()[t];
    if (IsAlwaysKept(expected)) continue;
    const auto found = names.find(expected.name);
    if (found == names.end()) {
      differences.push_back({Difference::Kind::kMissing, expected.name, ""});
      continue;
    }
    matches[t] = found->second;
    ++matched;
    CompareKinds(input.tensors()[found->second], expected, differences);
  }
  for (const TensorInfo& tensor : input.tensors()) {
    if (!IsAlwaysKept(tensor) && !reference_names.contains(tensor.name)) {
      differences.push_back({Difference::Kind::kExtra, tensor.name, ""});
    }
  }
  if (!differences.empty()) Fail(input, reference, differences, matched);
  return matches;
}

}  // namespace

bool IsAlwaysKept(const TensorInfo& tensor) noexcept {
  return tensor.role == Role::kOptimizerState;
}

Matches MatchByName(std::span<const Checkpoint* const> inputs, std::size_t template_index) {
  const Checkpoint& reference = *inputs[template_index];
  const Names reference_names = NamesOf(reference);
  Matches matches;
  matches.reserve(inputs.size());
  for (const Checkpoint* input : inputs) {
    matches.push_back(MatchOne(*input, reference, reference_names));
  }
  return matches;
}

}  // namespace polyak
