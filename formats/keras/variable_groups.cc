#include "formats/keras/variable_groups.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/keras/quantized_groups.h"

namespace polyak::keras {
namespace {

constexpr std::string_view kVars = "vars";

struct Variable {
  std::string_view vars;  // the group with its "vars"
  std::size_t number = 0;
};

// Nothing: it lies elsewhere.
std::optional<Variable> VariableOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Variable variable{.vars = path.substr(0, slash)};
  if (variable.vars != kVars && !variable.vars.ends_with("/vars")) return std::nullopt;
  const std::string_view digits = path.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), variable.number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return variable;
}

// "layers/dense" of "layers/dense/vars", "" of "vars".
std::string_view PartOf(std::string_view vars) {
  return vars.size() == kVars.size() ? std::string_view()
                                     : vars.substr(0, vars.size() - kVars.size() - 1);
}

std::string_view FirstName(std::string_view path) { return path.substr(0, path.find('/')); }

std::string_view LastName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The name without the number that tells it from others: "dense" of "dense_12".
std::string_view WithoutNumber(std::string_view name) {
  const std::size_t underscore = name.rfind('_');
  if (underscore == std::string_view::npos || underscore + 1 == name.size()) return name;
  const bool is_number =
      std::ranges::all_of(name.substr(underscore + 1), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? name.substr(0, underscore) : name;
}

// "optimizer", and what models with several call theirs: "generator_optimizer".
bool IsOptimizer(std::string_view part) {
  const std::string_view first = WithoutNumber(FirstName(part));
  return first == "optimizer" || first.ends_with("_optimizer");
}

// "metrics", and what models with steps of their own call theirs: "loss_tracker".
bool IsMetric(std::string_view part) {
  const std::string_view first = WithoutNumber(FirstName(part));
  return first == "metrics" || first.ends_with("_metrics") || first.ends_with("_metric") ||
         first.ends_with("_tracker");
}

// The variables of one group, by number.
struct Group {
  std::string_view part;     // "layers/dense"
  std::string name;          // the object's, where the file tells it
  const LayerConfig* layer;  // may be null
  std::vector<TensorInfo*> variables;

  // Whether it is of this class: as the configuration has it, else as Keras derives paths.
  bool IsOf(std::string_view class_name) const {
    const std::string snake = SnakeCase(class_name);
    if (WithoutNumber(LastName(part)) == snake) return true;
    return layer != nullptr && layer->class_name == class_name && layer->name == name;
  }
};

void SetAll(const Group& group, Role role, std::string_view use) {
  for (TensorInfo* const variable : group.variables) {
    variable->role = role;
    variable->use = use;
  }
}

bool IsInteger(const TensorInfo& tensor) { return !CanBeAveraged(tensor.dtype); }

void AnnotateOptimizer(const Group& group) {
  SetAll(group, Role::kOptimizerState, "optimizer variable");
  if (group.variables.empty() || !group.variables[0]->shape.empty()) return;
  if (IsInteger(*group.variables[0])) group.variables[0]->use = "optimizer iteration";
  // A schedule takes its place, and then it is no scalar; but a scalar may be a variable's slot.
  if (group.variables.size() < 2) return;
  TensorInfo& second = *group.variables[1];
  if (second.shape.empty() && !IsInteger(second)) second.use = "learning rate";
}

// A state of two or so integers; layers call the part seed_generator, generator, or as they like.
bool IsSeed(const Group& group) {
  if (group.variables.size() != 1 || !IsInteger(*group.variables[0])) return false;
  const std::string_view part = WithoutNumber(LastName(group.part));
  return part == "seed_generator" || part.ends_with("_seed_generator") || part == "generator" ||
         std::string_view(group.name).starts_with("seed_generator");
}

// gamma and beta, where the layer has them; moving mean and variance; with renorm three more.
void AnnotateBatchNormalization(const Group& group) {
  constexpr std::size_t kStatistics = 2;
  constexpr std::size_t kRenormStatistics = 5;
  const std::size_t count = group.variables.size();
  if (count < kStatistics || count > kRenormStatistics + 2) return;
  const std::size_t trained =
      count < kRenormStatistics ? count - kStatistics : count - kRenormStatistics;
  const bool is_alike = std::ranges::all_of(group.variables, [&](const TensorInfo* variable) {
    return variable->shape == group.variables[0]->shape && !IsInteger(*variable);
  });
  if (!is_alike) return;
  if (trained == 2) {
    group.variables[0]->use = "normalization scale";
    group.variables[1]->use = "normalization bias";
  }
  for (std::size_t i = trained; i < count; ++i) {
    group.variables[i]->role = Role::kRunningStatistic;
    group.variables[i]->use = i == trained       ? "running mean"
                              : i == trained + 1 ? "running variance"
                                                 : "running statistic of renormalization";
  }
}

// Normalization has the mean and variance of its data, and how many those were.
void AnnotateNormalization(const Group& group) {
  if (group.variables.size() != 3 || !IsInteger(*group.variables[2])) return;
  group.variables[2]->role = Role::kCounter;
  group.variables[2]->use = "number of data seen";
}

void AnnotateGroup(const Group& group) {
  if (IsOptimizer(group.part)) return AnnotateOptimizer(group);
  if (IsMetric(group.part)) return SetAll(group, Role::kMetric, "metric");
  if (IsSeed(group)) return SetAll(group, Role::kSeed, "seed");
  if (group.IsOf("BatchNormalization") || group.IsOf("SyncBatchNormalization")) {
    AnnotateBatchNormalization(group);
  }
  if (group.IsOf("Normalization")) AnnotateNormalization(group);
}

// By the group's path.
std::map<std::string_view, Group> GroupsOf(const AttributeLists& attributes,
                                           const ModelConfig& config,
                                           std::span<TensorInfo> tensors) {
  std::map<std::string_view, std::map<std::size_t, TensorInfo*>> by_number;
  for (TensorInfo& tensor : tensors) {
    if (const auto variable = VariableOf(tensor.name)) {
      by_number[variable->vars].emplace(variable->number, &tensor);
    }
  }
  std::map<std::string_view, Group> groups;
  for (const auto& [vars, variables] : by_number) {
    Group& group = groups[vars];
    group.part = PartOf(vars);
    group.name = attributes.TextOf(vars, "name");
    group.layer = config.WithName(group.name);
    if (group.layer == nullptr) group.layer = config.AtPath(group.part);
    for (const auto& [number, tensor] : variables) group.variables.push_back(tensor);
  }
  return groups;
}

}  // namespace

bool HasVariableGroups(std::span<const TensorInfo> tensors) {
  return std::ranges::any_of(
      tensors, [](const TensorInfo& tensor) { return VariableOf(tensor.name).has_value(); });
}

void AnnotateVariables(const AttributeLists& attributes, const ModelConfig& config,
                       std::span<TensorInfo> tensors) {
  QuantizedGroups quantized;
  for (const auto& [vars, group] : GroupsOf(attributes, config, tensors)) {
    AnnotateGroup(group);
    for (TensorInfo* const variable : group.variables) {
      if (variable->role == Role::kOptimizerState || variable->role == Role::kMetric) continue;
      quantized.Add(vars, *variable, group.layer != nullptr && group.layer->is_quantized);
    }
  }
  quantized.SetRoles();
}

}  // namespace polyak::keras
