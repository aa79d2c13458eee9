#include "plan/match.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "plan/graph_difference.h"
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

// The names that stand for tensors of other names. Null: there is no graph.
class Aliases {
 public:
  explicit Aliases(const GraphShape* graph) : graph_(graph) {}

  TensorNumber Find(std::string_view name) {
    if (graph_ == nullptr || graph_->aliases.empty()) return kNoTensor;
    if (numbers_.empty()) {
      for (const TensorAlias& alias : graph_->aliases) numbers_.emplace(alias.name, alias.tensor);
    }
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? kNoTensor : found->second;
  }

 private:
  const GraphShape* graph_;
  std::unordered_map<std::string_view, TensorNumber> numbers_;
};

[[noreturn]] void FailAt(const Checkpoint& input, std::string_view tensor, std::string what,
                         std::string hint) {
  Error error(ErrorKind::kMismatch, std::move(what), std::move(hint));
  error.AddContext(tensor);
  error.AddContext(input.path().string());
  throw error;
}

// The template, and what of it is looked for again for each input.
struct Reference {
  explicit Reference(const Checkpoint& given)
      : checkpoint(given), names(given.tensors()), aliases(given.graph()) {}

  [[noreturn]] void FailMerged(const Checkpoint& input, const TensorInfo& tensor,
                               TensorNumber merged) const {
    FailAt(input, tensor.name,
           fmt::format("is a tensor of its own here, but one with '{}' in the template {}",
                       checkpoint.tensors()[merged].name, checkpoint.path().filename().string()),
           "the template's exporter merged tensors that were equal then, as before training: "
           "--template PATH takes another one");
  }

  const Checkpoint& checkpoint;
  TensorNames names;
  Aliases aliases;
};

// Who belongs to whom in one input, by name.
class PartnersByName {
 public:
  PartnersByName(Reference& reference, const Checkpoint& input)
      : reference_(reference), input_(input), names_(input.tensors()), aliases_(input.graph()) {}

  TensorNumber Find(std::size_t t) {
    const std::string& name = reference_.checkpoint.tensors()[t].name;
    const TensorNumber found = names_.Find(name, t);
    return found != kNoTensor ? found : aliases_.Find(name);
  }
  // True for a tensor of the input that the template has, too.
  bool IsKnown(std::size_t i) {
    return reference_.names.Find(input_.tensors()[i].name, i) != kNoTensor;
  }
  // Fails where the template has it under another's name.
  void CheckExtra(std::size_t i) {
    const TensorNumber merged = reference_.aliases.Find(input_.tensors()[i].name);
    if (merged != kNoTensor) reference_.FailMerged(input_, input_.tensors()[i], merged);
  }

 private:
  Reference& reference_;
  const Checkpoint& input_;
  TensorNames names_;
  Aliases aliases_;
};

const GraphShape& GraphOf(const Checkpoint& checkpoint) {
  if (checkpoint.graph() != nullptr) return *checkpoint.graph();
  Error error(ErrorKind::kUnsupported, "has no graph to match tensors by",
              "--match name pairs them by their names");
  error.AddContext(checkpoint.path().string());
  throw error;
}

// Who belongs to whom in one input, whatever the names.
class PartnersByPlace {
 public:
  TensorNumber Find(std::size_t t) const { return partners_[t]; }
  bool IsKnown(std::size_t i) const { return is_known_[i]; }
  void CheckExtra(std::size_t) const {}

 protected:
  PartnersByPlace(const Checkpoint& reference, const Checkpoint& input)
      : partners_(reference.tensors().size(), kNoTensor), is_known_(input.tensors().size()) {}

  void Pair(TensorNumber t, TensorNumber partner) {
    partners_[t] = partner;
    is_known_[partner] = true;
  }

  // What has no place is known by its name.
  void PairRest(const Checkpoint& reference, const Checkpoint& input) {
    TensorNames names(input.tensors());
    for (TensorNumber t = 0; t < partners_.size(); ++t) {
      if (partners_[t] != kNoTensor) continue;
      const TensorNumber found = names.Find(reference.tensors()[t].name, t);
      if (found != kNoTensor && !is_known_[found]) Pair(t, found);
    }
  }

  std::vector<TensorNumber> partners_;  // by tensor of the template
  std::vector<bool> is_known_;          // by tensor of the input
};

// By the place in the graph.
class PartnersByGraph : public PartnersByPlace {
 public:
  PartnersByGraph(Reference& reference, const Checkpoint& input)
      : PartnersByPlace(reference.checkpoint, input) {
    const GraphShape& expected = GraphOf(reference.checkpoint);
    const GraphShape& found = GraphOf(input);
    CheckSame(reference.checkpoint, input);
    for (std::size_t i = 0; i < expected.tensors_by_use.size(); ++i) {
      const TensorNumber t = expected.tensors_by_use[i];
      const TensorNumber partner = found.tensors_by_use[i];
      if (partners_[t] != kNoTensor && partners_[t] != partner) {
        reference.FailMerged(input, input.tensors()[partner], t);
      }
      Pair(t, partner);
    }
    PairRest(reference.checkpoint, input);
  }

 private:
  static void CheckSame(const Checkpoint& reference, const Checkpoint& input) {
    const auto difference = FirstDifference(*input.graph(), *reference.graph());
    const bool same_uses =
        input.graph()->tensors_by_use.size() == reference.graph()->tensors_by_use.size();
    if (!difference && same_uses) return;
    Error error(ErrorKind::kMismatch,
                "its graph has another shape than the template's: " +
                    (difference ? DifferenceText(*difference, input, reference)
                                : "other tensors are stored"));
    error.AddContext(input.path().string());
    throw error;
  }
};

std::span<const TensorNumber> OrderOf(const Checkpoint& checkpoint) {
  if (!checkpoint.loading_order().empty()) return checkpoint.loading_order();
  Error error(ErrorKind::kUnsupported, "does not say in which order its tensors are loaded",
              "--match name pairs them by their names; Keras's .h5 files have such an order, its "
              ".weights.h5 and .keras files don't");
  error.AddContext(checkpoint.path().string());
  throw error;
}

// By the place in the order of loading.
class PartnersByPosition : public PartnersByPlace {
 public:
  PartnersByPosition(Reference& reference, const Checkpoint& input)
      : PartnersByPlace(reference.checkpoint, input) {
    const std::span<const TensorNumber> expected = OrderOf(reference.checkpoint);
    const std::span<const TensorNumber> found = OrderOf(input);
    if (found.size() != expected.size()) {
      Error error(ErrorKind::kMismatch,
                  fmt::format("it loads another number of tensors than the template {} (found {}, "
                              "expected {})",
                              reference.checkpoint.path().filename().string(), found.size(),
                              expected.size()));
      error.AddContext(input.path().string());
      throw error;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) Pair(expected[i], found[i]);
    PairRest(reference.checkpoint, input);
  }
};

// Compares one input after the other with the template.
class Matcher {
 public:
  Matcher(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
          const std::function<bool(const TensorInfo&)>& needs_partner)
      : inputs_(inputs),
        request_(request),
        needs_partner_of_(needs_partner),
        reference_(*inputs[request.template_index]),
        tensors_(reference_.checkpoint.tensors()),
        mismatches_(inputs, request.template_index, request.list_bytes) {
    for (const TensorInfo& tensor : tensors_) needs_partner_.push_back(needs_partner(tensor));
    result_.missing.resize(request.keep_missing ? tensors_.size() : 0);
    result_.extra.resize(request.keep_missing ? inputs.size() : 0);
  }

  template <class Partners>
  MatchResult Run() {
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      Partners partners(reference_, *inputs_[k]);
      FindPartners(k, partners);
      FindExtra(k, partners);
    }
    result_.mismatches = mismatches_.Take();
    return std::move(result_);
  }

 private:
  template <class Partners>
  void FindPartners(std::size_t input, Partners& partners) {
    const std::span<const TensorInfo> tensors = inputs_[input]->tensors();
    std::vector<TensorNumber>& matches = result_.matches.emplace_back(tensors_.size(), kNoTensor);
    for (std::size_t t = 0; t < matches.size(); ++t) {
      if (!needs_partner_[t]) continue;
      const TensorInfo& expected = tensors_[t];
      const TensorNumber found = partners.Find(t);
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

  template <class Partners>
  void FindExtra(std::size_t input, Partners& partners) {
    const std::span<const TensorInfo> tensors = inputs_[input]->tensors();
    bool is_stranger = true;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (partners.IsKnown(i)) {
        is_stranger = false;
      } else if (needs_partner_of_(tensors[i])) {
        partners.CheckExtra(i);
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
  Reference reference_;
  std::span<const TensorInfo> tensors_;  // of the template
  std::vector<bool> needs_partner_;      // likewise
  MismatchList mismatches_;
  MatchResult result_;
};

}  // namespace

MatchResult MatchByName(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                        const std::function<bool(const TensorInfo&)>& needs_partner) {
  return Matcher(inputs, request, needs_partner).Run<PartnersByName>();
}

MatchResult MatchByGraph(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                         const std::function<bool(const TensorInfo&)>& needs_partner) {
  return Matcher(inputs, request, needs_partner).Run<PartnersByGraph>();
}

MatchResult MatchByPosition(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                            const std::function<bool(const TensorInfo&)>& needs_partner) {
  return Matcher(inputs, request, needs_partner).Run<PartnersByPosition>();
}

}  // namespace polyak
