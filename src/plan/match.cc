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

// Compares one input after the other with the template.
class Matcher {
 public:
  Matcher(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
          const std::function<bool(const TensorInfo&)>& needs_partner)
      : inputs_(inputs),
        request_(request),
        needs_partner_of_(needs_partner),
        tensors_(inputs[request.template_index]->tensors()),
        names_(tensors_),
        mismatches_(inputs, request.template_index, request.list_bytes) {
    for (const TensorInfo& tensor : tensors_) needs_partner_.push_back(needs_partner(tensor));
    result_.missing.resize(request.keep_missing ? tensors_.size() : 0);
    result_.extra.resize(request.keep_missing ? inputs.size() : 0);
  }

  MatchResult Run() {
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      FindPartners(k);
      FindExtra(k);
    }
    result_.mismatches = mismatches_.Take();
    return std::move(result_);
  }

 private:
  void FindPartners(std::size_t input) {
    const std::span<const TensorInfo> tensors = inputs_[input]->tensors();
    TensorNames names(tensors);
    std::vector<TensorNumber>& matches = result_.matches.emplace_back(tensors_.size(), kNoTensor);
    for (std::size_t t = 0; t < matches.size(); ++t) {
      if (!needs_partner_[t]) continue;
      const TensorInfo& expected = tensors_[t];
      const TensorNumber found = names.Find(expected.name, t);
      if (found == kNoTensor) {
        NoteMissing(t, input);
      } else if (tensors[found].shape != expected.shape) {
        mismatches_.Add(Mismatch::Kind::kOtherShape, input, &tensors[found], &expected);
      } else if (tensors[found].dtype != expected.dtype ||
                 tensors[found].element_bytes != expected.element_bytes) {
        mismatches_.Add(Mismatch::Kind::kOtherDType, input, &tensors[found], &expected);
      } else {
        matches[t] = found;
      }
    }
  }

  void FindExtra(std::size_t input) {
    const std::span<const TensorInfo> tensors = inputs_[input]->tensors();
    bool is_stranger = true;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (names_.Find(tensors[i].name, i) != kNoTensor) {
        is_stranger = false;
      } else if (needs_partner_of_(tensors[i])) {
        NoteExtra(tensors[i], input);
      }
    }
    if (is_stranger) result_.strangers.push_back(input);
  }

  void NoteMissing(std::size_t t, std::size_t input) {
    if (!request_.keep_missing) {
      mismatches_.Add(Mismatch::Kind::kOnlyInTemplate, input, nullptr, &tensors_[t]);
    } else if (result_.missing[t].inputs++ == 0) {
      result_.missing[t].first_input = input;
    }
  }

  void NoteExtra(const TensorInfo& tensor, std::size_t input) {
    constexpr std::size_t kMostNames = 5;
    if (!request_.keep_missing) {
      mismatches_.Add(Mismatch::Kind::kOnlyInInput, input, &tensor, nullptr);
    } else if (result_.extra[input].count++ < kMostNames) {
      result_.extra[input].first_names.push_back(tensor.name);
    }
  }

  std::span<const Checkpoint* const> inputs_;
  const MatchRequest& request_;
  const std::function<bool(const TensorInfo&)>& needs_partner_of_;
  std::span<const TensorInfo> tensors_;  // of the template
  TensorNames names_;                    // likewise
  std::vector<bool> needs_partner_;      // likewise
  MismatchList mismatches_;
  MatchResult result_;
};

}  // namespace

MatchResult MatchByName(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                        const std::function<bool(const TensorInfo&)>& needs_partner) {
  return Matcher(inputs, request, needs_partner).Run();
}

}  // namespace polyak
