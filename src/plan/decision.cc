#include "plan/decision.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

std::string UseOr(const TensorInfo& tensor, std::string_view otherwise) {
  return std::string(tensor.use.empty() ? otherwise : tensor.use);
}

Decision KeepAndWarn(const TensorInfo& tensor, const std::string& rule) {
  if (tensor.unreadable.empty() || tensor.stored_bytes > 0) return {Action::kKeepAndWarn, rule};
  return {Action::kKeep, rule + ", not compared"};
}

// Whatever is included: these can't be averaged.
std::optional<Decision> DecideByDType(const TensorInfo& tensor) {
  const bool is_unknown_weight = tensor.role == Role::kParameter && tensor.dtype == DType::kUnknown;
  if (CanBeAveraged(tensor.dtype) || is_unknown_weight) {
    if (tensor.elements == 0 && !is_unknown_weight) return Decision{Action::kKeep, "no elements"};
    return std::nullopt;
  }
  if (tensor.role == Role::kParameter) {
    return Decision{Action::kRequireEqual, UseOr(tensor, NameOf(tensor.role)) + ", not a float"};
  }
  return KeepAndWarn(tensor, "not a float");
}

// What belongs to the training run, not to the model.
std::optional<Decision> DecideByState(const TensorInfo& tensor) {
  switch (tensor.role) {
    case Role::kOptimizerState:
    case Role::kMetric: return Decision{Action::kKeep, std::string(NameOf(tensor.role))};
    case Role::kCounter:
    case Role::kSeed: return KeepAndWarn(tensor, UseOr(tensor, NameOf(tensor.role)));
    default: return std::nullopt;
  }
}

// How many, but the first one; where the first one is.
struct QuantizedCount {
  const TensorInfo* first = nullptr;
  std::size_t others = 0;
};

QuantizedCount CountQuantized(std::span<const TensorInfo> tensors, Selector& selector) {
  QuantizedCount count;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.role != Role::kQuantized) continue;
    if (selector.Choose(tensor.name).choice == Choice::kExcluded) continue;
    count.others += count.first == nullptr ? 0 : 1;
    if (count.first == nullptr) count.first = &tensor;
  }
  return count;
}

}  // namespace

Decision Decide(const TensorInfo& tensor, const Selected& selected) {
  const Choice choice = selected.choice;
  if (choice == Choice::kExcluded) return {Action::kKeep, selected.rule};
  if (choice != Choice::kIncluded) {
    if (auto decision = DecideByState(tensor)) return *std::move(decision);
  }
  if (tensor.role == Role::kQuantized) return {Action::kKeep, "quantized"};
  if (tensor.role == Role::kConstant) {
    return {Action::kRequireEqual, UseOr(tensor, "an operator's setting")};
  }
  if (auto decision = DecideByDType(tensor)) return *std::move(decision);
  if (choice == Choice::kNotIncluded) return {Action::kKeep, selected.rule};
  if (choice == Choice::kIncluded) return {Action::kAverage, selected.rule};
  return {Action::kAverage, UseOr(tensor, NameOf(tensor.role))};
}

void RefuseQuantized(std::span<const Checkpoint* const> inputs, Selector& selector) {
  for (const Checkpoint* input : inputs) {
    const QuantizedCount count = CountQuantized(input->tensors(), selector);
    if (count.first == nullptr) continue;
    Error error(ErrorKind::kUnsupported,
                fmt::format("is quantized ({}){}", count.first->use,
                            count.others == 0 ? ""
                            : count.others == 1
                                ? ", and so is 1 more tensor"
                                : fmt::format(", and so are {} more tensors", count.others)),
                "average the float checkpoints, then quantize the average; --quantized keep keeps "
                "such tensors from the template");
    error.AddContext(count.first->name);
    error.AddContext(input->path().string());
    throw error;
  }
}

}  // namespace polyak
