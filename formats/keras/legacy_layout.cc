#include "formats/keras/legacy_layout.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include "formats/keras/quantized_groups.h"

namespace polyak::keras {
namespace {

constexpr std::string_view kTopLevel = "top_level_model_weights";

struct NamedRole {
  std::string_view ending;  // of the weight's name
  Role role;
  std::string_view use;
};

// Keras names these weights itself. Keras 1 has the layer's name in front, and a deviation.
constexpr std::array kNamedRoles = {
    NamedRole{"moving_mean", Role::kRunningStatistic, "running mean"},
    NamedRole{"moving_variance", Role::kRunningStatistic, "running variance"},
    NamedRole{"moving_stddev", Role::kRunningStatistic, "running deviation"},
    NamedRole{"renorm_mean", Role::kRunningStatistic, "running mean"},
    NamedRole{"renorm_stddev", Role::kRunningStatistic, "running deviation"},
    NamedRole{"_running_mean", Role::kRunningStatistic, "running mean"},
    NamedRole{"_running_std", Role::kRunningStatistic, "running deviation"},
    NamedRole{"seed_generator_state", Role::kSeed, "seed"},
};

std::string_view LastName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "kernel" of "dense_9/dense_9/kernel:0".
std::string_view WeightName(std::string_view path) {
  const std::string_view last = LastName(path);
  return last.substr(0, last.find(':'));
}

std::string Joined(std::string_view group, std::string_view name) {
  return group.empty() ? std::string(name) : fmt::format("{}/{}", group, name);
}

// The part of a path below `root` that names the layer; empty: the tensor is elsewhere.
std::string_view LayerOf(std::string_view root, std::string_view path) {
  if (!root.empty()) {
    if (!path.starts_with(root) || path.substr(root.size(), 1) != "/") return {};
    path.remove_prefix(root.size() + 1);
  }
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view GroupOf(std::string_view path) { return path.substr(0, path.rfind('/')); }

bool IsQuantized(const LayerConfig* layer) { return layer != nullptr && layer->is_quantized; }

void SetRole(TensorInfo& tensor) {
  const std::string_view name = WeightName(tensor.name);
  for (const NamedRole& named : kNamedRoles) {
    if (!name.ends_with(named.ending)) continue;
    tensor.role = named.role;
    tensor.use = named.use;
    return;
  }
}

std::string_view OptimizerUse(const TensorInfo& tensor) {
  const std::string_view name = WeightName(tensor.name);
  if (name == "iteration" || name == "iterations" || name == "iter") return "optimizer iteration";
  if (name == "learning_rate") return "learning rate";
  return "optimizer variable";
}

// The order in which Keras goes through layers and weights.
class LoadingOrder {
 public:
  LoadingOrder(std::span<const TensorInfo> tensors, CheckpointNotes& notes) : notes_(notes) {
    for (std::uint32_t i = 0; i < tensors.size(); ++i) numbers_.emplace(tensors[i].name, i);
  }

  void AddLayer(const std::string& group, const std::vector<std::string_view>& weight_names) {
    for (const std::string_view weight : weight_names) {
      const std::string name = Joined(group, weight);
      const auto found = numbers_.find(name);
      if (found == numbers_.end()) {
        if (missing_++ == 0) first_missing_ = name;
      } else if (used_.insert(found->second).second) {
        notes_.loading_order.push_back(found->second);
      }
    }
  }

  void Finish() {
    if (missing_ == 0) return;
    notes_.loading_order.clear();
    notes_.warnings.push_back(
        fmt::format("its weight_names tell of '{}', which is not there{}", first_missing_,
                    missing_ == 1 ? "" : fmt::format(", nor {} more", missing_ - 1)));
  }

 private:
  CheckpointNotes& notes_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::set<std::uint32_t> used_;
  std::uint64_t missing_ = 0;
  std::string first_missing_;
};

}  // namespace

std::optional<std::string_view> FindLegacyRoot(const AttributeLists& attributes) {
  constexpr std::array kRoots = {std::string_view("model_weights"), std::string_view()};
  for (const std::string_view root : kRoots) {
    if (attributes.Has(root, "layer_names")) return root;
  }
  return std::nullopt;
}

void AnnotateLegacy(std::string_view root, const AttributeLists& attributes,
                    const ModelConfig& config, std::span<TensorInfo> tensors,
                    CheckpointNotes& notes) {
  QuantizedGroups quantized;
  for (TensorInfo& tensor : tensors) {
    if (tensor.role == Role::kOptimizerState) {
      tensor.use = OptimizerUse(tensor);
      continue;
    }
    SetRole(tensor);
    const std::string_view layer = LayerOf(root, tensor.name);
    if (layer.empty()) continue;
    const std::string_view group = GroupOf(tensor.name);
    const bool is_quantized =
        IsQuantized(config.WithName(layer)) || IsQuantized(config.WithName(LastName(group)));
    quantized.Add(group, tensor, is_quantized);
  }
  quantized.SetRoles();
  LoadingOrder order(tensors, notes);
  for (const std::string_view layer : attributes.ListOf(root, "layer_names")) {
    const std::string group = Joined(root, layer);
    order.AddLayer(group, attributes.ListOf(group, "weight_names"));
  }
  const std::string top_level = Joined(root, kTopLevel);
  order.AddLayer(top_level, attributes.ListOf(top_level, "weight_names"));
  order.Finish();
}

}  // namespace polyak::keras
