#include "plan/match.h"

#include <string_view>
#include <unordered_map>

#include "plan/mismatch_list.h"

namespace polyak {
namespace {

// The tensors of one checkpoint by name. Checkpoints of one run have their tensors in the same
// order nearly always: the map is made only where they don't.
class TensorNames {
 public:
  explicit TensorNames(std::span<const TensorInfo> tensors) : tensors_(tensors) {}

  TensorNumber Find(std::string_view name, std::size_t likely) {
    if (likely < tensors_.size() && tensors_[likely].name == name) {
      return static_cast<TensorNumber>(likely);
    }
    if (numbers_.empty()) {
      numbers_.reserve(tensors_.size());
      for (TensorNumber i = 0; i < tensors_.size(); ++i) numbers_.emplace(tensors_[i].name, i);
    }
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? kNoTensor : found->second;
  }

 private:
  std::span<const TensorInfo> tensors_;
  std::unordered_map<std::string_view, TensorNumber> numbers_;
};

// What all inputs are compared with.
struct Reference {
  std::span<const TensorInfo> tensors;
  TensorNames names;
  std::vector<bool> needs_partner;
  const std::function<bool(const TensorInfo&)>& needs_partner_of;
};

void MatchOne(std::size_t input, std::span<const TensorInfo> tensors, Reference& reference,
              MismatchList& mismatches, MatchResult& result) {
  TensorNames names(tensors);
  std::vector<TensorNumber>& matches =
      result.matches.emplace_back(reference.tensors.size(), kNoTensor);
  bool is_stranger = true;
  for (std::size_t t = 0; t < matches.size(); ++t) {
    if (!reference.needs_partner[t]) continue;
    const TensorInfo& expected = reference.tensors[t];
    const TensorNumber found = names.Find(expected.name, t);
    if (found == kNoTensor) {
      mismatches.Add(Mismatch::Kind::kOnlyInTemplate, input, nullptr, &expected);
    } else if (tensors[found].shape != expected.shape) {
      mismatches.Add(Mismatch::Kind::kOtherShape, input, &tensors[found], &expected);
    } else if (tensors[found].dtype != expected.dtype ||
               tensors[found].element_bytes != expected.element_bytes) {
      mismatches.Add(Mismatch::Kind::kOtherDType, input, &tensors[found], &expected);
    } else {
      matches[t] = found;
    }
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (reference.names.Find(tensors[i].name, i) != kNoTensor) {
      is_stranger = false;
    } else if (reference.needs_partner_of(tensors[i])) {
      mismatches.Add(Mismatch::Kind::kOnlyInInput, input, &tensors[i], nullptr);
    }
  }
  if (is_stranger) result.strangers.push_back(input);
}

}  // namespace

MatchResult MatchByName(std::span<const Checkpoint* const> inputs, std::size_t template_index,
                        const std::function<bool(const TensorInfo&)>& needs_partner) {
  const std::span<const TensorInfo> tensors = inputs[template_index]->tensors();
  Reference reference{.tensors = tensors,
                      .names = TensorNames(tensors),
                      .needs_partner = {},
                      .needs_partner_of = needs_partner};
  for (const TensorInfo& tensor : tensors) reference.needs_partner.push_back(needs_partner(tensor));
  MismatchList mismatches(inputs, template_index);
  MatchResult result;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    MatchOne(k, inputs[k]->tensors(), reference, mismatches, result);
  }
  result.mismatches = mismatches.Take();
  return result;
}

}  // namespace polyak
