#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "plan/decision.h"
#include "plan/graph_difference.h"
#include "plan/mismatch_list.h"

namespace polyak {
namespace {

// Numbers the rules in order of appearance.
class Rules {
 public:
  explicit Rules(std::vector<std::string>& rules) : rules_(rules) {}

  std::uint32_t NumberOf(std::string_view rule) {
    const auto [known, is_new] = numbers_.emplace(rule, static_cast<std::uint32_t>(rules_.size()));
    if (is_new) rules_.emplace_back(rule);
    return known->second;
  }

 private:
  std::vector<std::string>& rules_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

[[noreturn]] void FailAt(const Checkpoint& input, const TensorInfo& tensor, ErrorKind kind,
                         std::string what) {
  Error error(kind, std::move(what));
  error.AddContext(tensor.name);
  error.AddContext(input.path().string());
  throw error;
}

// Tensors whose elements will be read must be readable in every input.
void CheckReadable(std::span<const Checkpoint* const> inputs, const Plan& plan) {
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
      const Action action = plan.tensors[t].action;
      if (action != Action::kAverage && action != Action::kRequireEqual) continue;
      const TensorInfo& tensor = inputs[k]->tensors()[plan.matches[k][t]];
      if (tensor.unreadable.empty()) continue;
      if (action == Action::kRequireEqual && tensor.stored_bytes > 0) continue;
      FailAt(*inputs[k], tensor, ErrorKind::kUnsupported, tensor.unreadable);
    }
  }
}

// One payload in the template must be one in every input: which of two would be averaged?
void CheckShared(std::span<const Checkpoint* const> inputs, const Plan& plan, std::size_t t,
                 std::size_t same_as) {
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Checkpoint& input = *inputs[k];
    const TensorNumber first = plan.matches[k][same_as];
    const TensorNumber second = plan.matches[k][t];
    if (input.PayloadId(first) == input.PayloadId(second)) continue;
    FailAt(input, input.tensors()[second], ErrorKind::kMismatch,
           fmt::format("is a tensor of its own here, but shares its data with '{}' in {}",
                       input.tensors()[first].name,
                       inputs[plan.template_index]->path().filename().string()));
  }
}

// One payload can't be averaged under one name and kept under another.
void CheckNoneKept(const Checkpoint& reference, const Plan& plan,
                   const std::unordered_map<std::uint64_t, std::size_t>& averaged_payloads) {
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    if (plan.tensors[t].action == Action::kAverage) continue;
    const auto averaged = averaged_payloads.find(reference.PayloadId(t));
    if (averaged == averaged_payloads.end()) continue;
    FailAt(
        reference, reference.tensors()[t], ErrorKind::kMismatch,
        fmt::format("is to be kept ({}), but shares its data with '{}', which is averaged",
                    plan.rules[plan.tensors[t].rule], reference.tensors()[averaged->second].name));
  }
}

// Payloads with several names are averaged once.
void FindShared(std::span<const Checkpoint* const> inputs, Plan& plan) {
  const Checkpoint& reference = *inputs[plan.template_index];
  std::unordered_map<std::uint64_t, std::size_t> first_with_payload;
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    if (plan.tensors[t].action != Action::kAverage) continue;
    const auto [first, is_new] = first_with_payload.emplace(reference.PayloadId(t), t);
    if (is_new) {
      plan.averaged.push_back(t);
      plan.averaged_elements += reference.tensors()[t].elements;
      plan.averaged_bytes += reference.tensors()[t].bytes();
    } else {
      CheckShared(inputs, plan, t, first->second);
      plan.tensors[t].same_as = static_cast<TensorNumber>(first->second);
    }
  }
  CheckNoneKept(reference, plan, first_with_payload);
}

// --missing keep: what is missing on one side is the template's, or left out.
void KeepMissing(const MatchResult& result, Plan& plan, Rules& rules) {
  for (std::size_t t = 0; t < result.missing.size(); ++t) {
    const MissingTensor& missing = result.missing[t];
    if (missing.inputs == 0) continue;
    std::string inputs = ShortName(result.mismatches, missing.first_input);
    if (missing.inputs > 1) inputs += fmt::format(" and {} more", missing.inputs - 1);
    plan.tensors[t] = {.action = Action::kKeep, .rule = rules.NumberOf("missing in " + inputs)};
  }
  for (std::size_t k = 0; k < result.extra.size(); ++k) {
    const ExtraTensors& extra = result.extra[k];
    if (extra.count == 0) continue;
    const bool has_more = extra.count > extra.first_names.size();
    plan.warnings.push_back(fmt::format(
        "{}: {} left out, since the template hasn't got {}: {}{}", ShortName(result.mismatches, k),
        extra.count == 1 ? "a tensor is" : fmt::format("{} tensors are", extra.count),
        extra.count == 1 ? "it" : "them", fmt::join(extra.first_names, ", "),
        has_more ? ", ..." : ""));
  }
}

using NeedsPartner = std::function<bool(const TensorInfo&)>;

MatchResult MatchAs(MatchBy by, std::span<const Checkpoint* const> inputs,
                    const MatchRequest& request, const NeedsPartner& needs_partner) {
  switch (by) {
    case MatchBy::kName: break;
    case MatchBy::kGraph: return MatchByGraph(inputs, request, needs_partner);
    case MatchBy::kPosition: return MatchByPosition(inputs, request, needs_partner);
  }
  return MatchByName(inputs, request, needs_partner);
}

// Names don't match: what would. Empty: nothing does.
std::string HintOfOtherMatch(std::span<const Checkpoint* const> inputs, const MatchRequest& request,
                             const NeedsPartner& needs_partner) {
  const auto would_match = [&](MatchBy by) {
    try {
      return MatchAs(by, inputs, request, needs_partner).mismatches.list.empty();
    } catch (const Error&) {
      return false;  // no graphs, no order, or not the same
    }
  };
  if (would_match(MatchBy::kGraph)) {
    return "the graphs are the same: --match graph pairs tensors by their place in them";
  }
  if (would_match(MatchBy::kPosition)) {
    return "shapes and dtypes agree in the order of loading: --match position pairs tensors by it, "
           "as Keras does";
  }
  return {};
}

MatchResult Match(std::span<const Checkpoint* const> inputs, const PlanRequest& request,
                  const NeedsPartner& needs_partner) {
  const MatchRequest match{.template_index = request.template_index,
                           .keep_missing = request.missing == MissingTensors::kKeep,
                           .list_bytes = request.list_bytes};
  MatchResult result = MatchAs(request.match, inputs, match, needs_partner);
  if (result.mismatches.list.empty()) return result;
  const bool is_about_names = result.mismatches.list.front().kind <= Mismatch::Kind::kOnlyInInput;
  std::string hint;
  if (is_about_names && request.match == MatchBy::kName) {
    hint = HintOfOtherMatch(inputs, match, needs_partner);
  }
  throw MismatchError(std::move(result.mismatches), result.strangers, std::move(hint));
}

// Decides for each tensor of the template, and pairs those that need it with the other inputs'.
void MatchAndDecide(std::span<const Checkpoint* const> inputs, const PlanRequest& request,
                    Plan& plan) {
  const std::span<const TensorInfo> tensors = inputs[request.template_index]->tensors();
  Selector selector(request.selection);
  Rules rules(plan.rules);
  if (request.quantized == QuantizedTensors::kRefuse) RefuseQuantized(inputs, selector);
  for (const TensorInfo& tensor : tensors) {
    const Decision decision = Decide(tensor, selector.Choose(tensor.name));
    plan.tensors.push_back({.action = decision.action, .rule = rules.NumberOf(decision.rule)});
  }
  MatchResult result = Match(inputs, request, [&selector](const TensorInfo& tensor) {
    return Decide(tensor, selector.Choose(tensor.name)).action != Action::kKeep;
  });
  selector.CheckAllUsed();
  KeepMissing(result, plan, rules);
  plan.matches = std::move(result.matches);
}

std::size_t QuantizedTensorsOf(const Checkpoint& reference) {
  return static_cast<std::size_t>(
      std::ranges::count(reference.tensors(), Role::kQuantized, &TensorInfo::role));
}

void WarnOfQuantized(const Checkpoint& reference, Plan& plan) {
  const std::size_t count = QuantizedTensorsOf(reference);
  if (count == 0) return;
  plan.warnings.push_back(fmt::format("{} quantized tensor{} kept from the template", count,
                                      count == 1 ? " is" : "s are"));
}

// Tensors of the same names need not be of the same model.
void WarnOfOtherGraphs(std::span<const Checkpoint* const> inputs, Plan& plan) {
  const Checkpoint& reference = *inputs[plan.template_index];
  std::size_t others = 0;
  std::string first;
  for (const Checkpoint* input : inputs) {
    if (input->graph() == nullptr || reference.graph() == nullptr) continue;
    const auto difference = FirstDifference(*input->graph(), *reference.graph());
    if (difference && others++ == 0) {
      first = fmt::format("{}: its graph is not the template's: {}", input->path().string(),
                          DifferenceText(*difference, *input, reference));
    }
  }
  if (others > 1) {
    first += fmt::format("; {} more {}, too", others - 1, others == 2 ? "differs" : "differ");
  }
  if (others > 0) plan.warnings.push_back(std::move(first));
}

// The first tensor of the template that has another place in the input's graph, of the same shape,
// than the input's tensor of its name has; kNoTensor: none.
TensorNumber FirstMoved(const Checkpoint& input, const Checkpoint& reference,
                        const std::vector<TensorNumber>& matches) {
  const std::vector<std::uint32_t>& found = input.graph()->tensors_by_use;
  const std::vector<std::uint32_t>& expected = reference.graph()->tensors_by_use;
  if (&found == &expected || found.size() != expected.size()) return kNoTensor;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TensorNumber match = matches[expected[i]];
    if (match != kNoTensor && match != found[i]) return expected[i];
  }
  return kNoTensor;
}

// The same names in the same graph, but not in the same places: numbers that an exporter gave.
void WarnOfMovedNames(std::span<const Checkpoint* const> inputs, Plan& plan) {
  const Checkpoint& reference = *inputs[plan.template_index];
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Checkpoint& input = *inputs[k];
    if (input.graph() == nullptr || reference.graph() == nullptr) continue;
    const TensorNumber moved = FirstMoved(input, reference, plan.matches[k]);
    if (moved == kNoTensor || FirstDifference(*input.graph(), *reference.graph())) continue;
    plan.warnings.push_back(fmt::format(
        "{}: {} has another place in its graph than in the template's: --match graph pairs tensors "
        "by their places",
        input.path().string(), reference.tensors()[moved].name));
    return;  // one says enough
  }
}

std::string WhyNothing(const Checkpoint& reference) {
  const std::size_t tensors = reference.tensors().size();
  if (tensors == 0) return "it holds no tensors";
  const std::size_t quantized = QuantizedTensorsOf(reference);
  if (quantized > 0) {
    return fmt::format(
        "{} of its {} tensors {} quantized and kept, and none of the others is a "
        "float weight that was chosen",
        quantized, tensors, quantized == 1 ? "is" : "are");
  }
  if (tensors == 1) return "its one tensor isn't a float weight that was chosen";
  return fmt::format("none of its {} tensors is a float weight that was chosen", tensors);
}

void CheckAnythingToAverage(const Checkpoint& reference, const Plan& plan) {
  if (!plan.averaged.empty()) return;
  Error error(ErrorKind::kMismatch, "nothing to average: " + WhyNothing(reference));
  error.AddContext(reference.path().string());
  throw error;
}

}  // namespace

Plan MakePlan(std::span<const Checkpoint* const> inputs, const PlanRequest& request) {
  Plan plan;
  plan.template_index = request.template_index;
  MatchAndDecide(inputs, request, plan);
  CheckReadable(inputs, plan);
  FindShared(inputs, plan);
  CheckAnythingToAverage(*inputs[request.template_index], plan);
  WarnOfQuantized(*inputs[request.template_index], plan);
  if (request.match == MatchBy::kName) {
    WarnOfOtherGraphs(inputs, plan);
    WarnOfMovedNames(inputs, plan);
  }
  return plan;
}

}  // namespace polyak
