#include "plan/plan.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

TensorPlan Decide(const TensorInfo& tensor) {
  if (IsAlwaysKept(tensor)) return {Action::kKeep, "optimizer state"};
  if (tensor.role == Role::kConstant) return {Action::kRequireEqual, "an operator's setting"};
  const bool is_unknown_weight = tensor.role == Role::kParameter && tensor.dtype == DType::kUnknown;
  if (IsFloat(tensor.dtype) || is_unknown_weight) {
    if (tensor.elements == 0 && !is_unknown_weight) return {Action::kKeep, "no elements"};
    return {Action::kAverage, "averaged"};
  }
  if (tensor.unreadable.empty() || tensor.stored_bytes > 0) {
    return {Action::kKeepAndWarn, "not a float"};
  }
  return {Action::kKeep, "not a float, not compared"};
}

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
}

}  // namespace

Plan MakePlan(std::span<const Checkpoint* const> inputs, std::size_t template_index) {
  Plan plan;
  plan.template_index = template_index;
  plan.matches = MatchByName(inputs, template_index);
  for (const TensorInfo& tensor : inputs[template_index]->tensors()) {
    plan.tensors.push_back(Decide(tensor));
  }
  CheckReadable(inputs, plan);
  FindShared(inputs, plan);
  if (plan.averaged.empty()) {
    Error error(ErrorKind::kMismatch,
                fmt::format("nothing to average: none of its {} tensors holds float weights",
                            plan.tensors.size()));
    error.AddContext(inputs[template_index]->path().string());
    throw error;
  }
  return plan;
}

}  // namespace polyak
