#include "plan/mismatch_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/nearest.h"

namespace polyak {
namespace {

using Kind = Mismatch::Kind;

// Of a list's entry and of the map's, with what the allocator adds.
constexpr std::uint64_t kEntryBytes = 512;
// Hostile names take long to compare: 2 × 20 × 200 of 256 bytes take under a second.
constexpr std::size_t kMostCompared = 200;    // with one tensor
constexpr std::size_t kMostSuggestions = 20;  // for the tensors of one side: more aren't shown

std::string ShapeAndDType(const TensorInfo& tensor) {
  return ShapeText(tensor.shape) + " " + std::string(NameOf(tensor.dtype));
}

std::string TextOf(Kind kind, const TensorInfo* tensor) {
  if (tensor == nullptr) return {};
  if (kind == Kind::kOtherShape) return ShapeText(tensor->shape);
  if (kind == Kind::kOtherDType) return std::string(NameOf(tensor->dtype));
  return ShapeAndDType(*tensor);
}

std::vector<std::string_view> NamesOfKind(const Mismatches& mismatches, Kind kind) {
  std::vector<std::string_view> names;
  for (const Mismatch& mismatch : mismatches.list) {
    if (mismatch.kind == kind) names.push_back(mismatch.tensor);
  }
  return names;
}

// "[2] float32" of a tensor that only one side has.
std::string_view ShapeAndDTypeOf(const Mismatch& mismatch) {
  return mismatch.kind == Kind::kOnlyInTemplate ? mismatch.expected : mismatch.found;
}

// The tensors of one side, one of which a tensor of the other may be meant to be.
class Candidates {
 public:
  Candidates(const Mismatches& mismatches, Kind kind) : all_(NamesOfKind(mismatches, kind)) {
    for (const Mismatch& mismatch : mismatches.list) {
      if (mismatch.kind == kind) alike_[ShapeAndDTypeOf(mismatch)].push_back(mismatch.tensor);
    }
  }

  // The nearest of the same shape and dtype; of any if none of those is near.
  std::string_view NearestTo(const Mismatch& mismatch) const {
    std::size_t left = kMostCompared;
    if (const auto found = alike_.find(ShapeAndDTypeOf(mismatch)); found != alike_.end()) {
      const auto alike = std::span(found->second).first(std::min(left, found->second.size()));
      const std::string_view nearest = Nearest(mismatch.tensor, alike);
      if (!nearest.empty()) return nearest;
      left -= alike.size();
    }
    return Nearest(mismatch.tensor, std::span(all_).first(std::min(left, all_.size())));
  }

 private:
  std::vector<std::string_view> all_;
  std::map<std::string_view, std::vector<std::string_view>> alike_;
};

// For tensors that only one side has: the most alike that only the other one has.
void FindSimilar(Kind kind, Kind other, Mismatches& mismatches) {
  const Candidates candidates(mismatches, other);
  std::size_t tried = 0;
  for (Mismatch& mismatch : mismatches.list) {
    if (mismatch.kind != kind) continue;
    if (++tried > kMostSuggestions) return;
    mismatch.similar = candidates.NearestTo(mismatch);
  }
}

// What stands before every name of `longer` where `shorter` has nothing, if that is all that sets
// them apart: "module."
std::string_view CommonPrefix(const std::vector<std::string_view>& longer,
                              const std::vector<std::string_view>& shorter) {
  if (longer.empty() || longer.size() != shorter.size()) return {};
  constexpr int kMostTried = 8;  // hostile names may all end alike
  const std::string_view first = longer.front();
  int tried = 0;
  for (const std::string_view name : shorter) {
    if (name.size() >= first.size() || !first.ends_with(name) || ++tried > kMostTried) continue;
    const std::string_view prefix = first.substr(0, first.size() - name.size());
    std::vector<std::string_view> rests;
    for (const std::string_view full : longer) {
      if (full.starts_with(prefix)) rests.push_back(full.substr(prefix.size()));
    }
    std::vector<std::string_view> wanted = shorter;
    std::ranges::sort(rests);
    std::ranges::sort(wanted);
    if (rests == wanted) return prefix;
  }
  return {};
}

std::string PrefixHint(const Mismatches& mismatches) {
  constexpr std::size_t kMostNames = 10'000;
  if (mismatches.list.size() > kMostNames) return {};
  const auto in_template = NamesOfKind(mismatches, Kind::kOnlyInTemplate);
  const auto in_inputs = NamesOfKind(mismatches, Kind::kOnlyInInput);
  if (const auto prefix = CommonPrefix(in_inputs, in_template); !prefix.empty()) {
    return fmt::format("their names begin with '{}', which the template's don't", prefix);
  }
  if (const auto prefix = CommonPrefix(in_template, in_inputs); !prefix.empty()) {
    return fmt::format("the template's names begin with '{}', which theirs don't", prefix);
  }
  return {};
}

std::string HintFor(const Mismatches& mismatches, std::span<const std::size_t> strangers) {
  if (std::string hint = PrefixHint(mismatches); !hint.empty()) return hint;
  if (!strangers.empty() && mismatches.inputs.size() == 2) {
    return "no tensor has the same name in both: are these the same model?";
  }
  if (!strangers.empty()) {
    return fmt::format("no tensor of {} has a name that the template has: is it the same model?",
                       ShortName(mismatches, strangers.front()));
  }
  // The list is sorted by kind.
  if (mismatches.list.front().kind == Kind::kOnlyInInput &&
      mismatches.list.back().kind == Kind::kOnlyInInput) {
    return "--missing keep leaves out what the template doesn't have";
  }
  if (mismatches.list.back().kind <= Kind::kOnlyInInput) {
    return "--missing keep keeps the template's value of what is missing elsewhere";
  }
  return "--exclude NAME keeps the template's value, whatever the others have";
}

std::string Describe(const Mismatch& mismatch, std::string_view template_name) {
  const std::string name = fmt::format("tensor '{}'", mismatch.tensor);
  switch (mismatch.kind) {
    case Kind::kOnlyInTemplate: return fmt::format("{} of {} is missing", name, template_name);
    case Kind::kOnlyInInput: return fmt::format("{} is not in {}", name, template_name);
    case Kind::kOtherShape:
    case Kind::kOtherDType: break;
  }
  const std::string counterpart =
      mismatch.counterpart.empty() ? "" : fmt::format("'{}' ", mismatch.counterpart);
  return fmt::format("{} has another {} than {}in {} (found {}, expected {})", name,
                     mismatch.kind == Kind::kOtherShape ? "shape" : "dtype", counterpart,
                     template_name, mismatch.found, mismatch.expected);
}

}  // namespace

MismatchList::MismatchList(std::span<const Checkpoint* const> inputs, std::size_t template_index,
                           std::uint64_t most_bytes)
    : bytes_left_(most_bytes) {
  mismatches_.template_index = template_index;
  for (const Checkpoint* input : inputs) mismatches_.inputs.push_back(input->path().string());
}

void MismatchList::Add(Kind kind, std::size_t input, const TensorInfo* found,
                       const TensorInfo* expected) {
  const std::string& name = (found != nullptr ? found : expected)->name;
  const bool is_paired = found != nullptr && expected != nullptr;
  const std::string_view counterpart =
      is_paired && expected->name != name ? std::string_view(expected->name) : std::string_view();
  const auto key = std::tuple(kind, std::string_view(name), TextOf(kind, found), counterpart);
  if (const auto known = numbers_.find(key); known != numbers_.end()) {
    constexpr std::uint64_t kInputBytes = 2 * sizeof(std::size_t);  // a vector doubles
    if (bytes_left_ < kInputBytes) {
      ++mismatches_.left_out;
      return;
    }
    bytes_left_ -= kInputBytes;
    mismatches_.list[known->second].inputs.push_back(input);
    return;
  }
  const std::uint64_t bytes = kEntryBytes + name.size() + counterpart.size();
  if (bytes > bytes_left_) {
    ++mismatches_.left_out;
    return;
  }
  bytes_left_ -= bytes;
  numbers_.emplace(key, mismatches_.list.size());
  mismatches_.list.push_back({.kind = kind,
                              .tensor = name,
                              .found = std::get<2>(key),
                              .expected = TextOf(kind, expected),
                              .inputs = {input},
                              .counterpart = std::string(counterpart),
                              .similar = {}});
}

Mismatches MismatchList::Take() {
  numbers_.clear();
  std::ranges::stable_sort(mismatches_.list, {}, &Mismatch::kind);
  FindSimilar(Kind::kOnlyInTemplate, Kind::kOnlyInInput, mismatches_);
  FindSimilar(Kind::kOnlyInInput, Kind::kOnlyInTemplate, mismatches_);
  return std::move(mismatches_);
}

Error MismatchError(Mismatches mismatches, std::span<const std::size_t> strangers,
                    std::string hint) {
  const std::string template_name = ShortName(mismatches, mismatches.template_index);
  const Mismatch& first = mismatches.list.front();
  const bool is_one = mismatches.list.size() == 1 && first.inputs.size() == 1;
  const std::size_t count = mismatches.list.size() + mismatches.left_out;
  const std::string text =
      is_one ? Describe(first, template_name)
             : fmt::format("{} match those of the template {}",
                           count == 1 ? "1 tensor doesn't" : fmt::format("{} tensors don't", count),
                           template_name);
  if (hint.empty()) hint = HintFor(mismatches, strangers);
  Error error(ErrorKind::kMismatch, text, std::move(hint));
  const bool one_input = std::ranges::all_of(mismatches.list, [&](const Mismatch& mismatch) {
    return mismatch.inputs == first.inputs && first.inputs.size() == 1;
  });
  if (one_input) error.AddContext(mismatches.inputs[first.inputs[0]]);
  error.Attach(std::make_shared<const Mismatches>(std::move(mismatches)));
  return error;
}

}  // namespace polyak
