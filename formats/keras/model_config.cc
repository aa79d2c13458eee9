#include "formats/keras/model_config.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <utility>

#include "formats/keras/json_text.h"

namespace polyak::keras {
namespace {

using nlohmann::json;

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// Null where it is no object or has no such member.
const json* Member(const json& value, const char* name) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

std::string TextIn(const json& value, const char* name) {
  const json* const member = Member(value, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : "";
}

// "int8_from_float32", "gptq/4/128_from_float32"; float policies have no "_from_".
bool IsQuantizedName(std::string_view policy) { return policy.find("_from_") != policy.npos; }

// A policy is a name, an object of a class, or a map from paths to policies.
bool IsQuantizedPolicy(const json& policy) {
  if (policy.is_string()) return IsQuantizedName(policy.get_ref<const std::string&>());
  const json* const config = Member(policy, "config");
  if (config == nullptr) return false;
  // QuantizedDTypePolicy, QuantizedFloat8DTypePolicy, GPTQDTypePolicy and the like have a mode.
  if (Member(*config, "mode") != nullptr || IsQuantizedName(TextIn(*config, "name"))) return true;
  const json* const map = Member(*config, "policy_map");
  if (map == nullptr || !map->is_object()) return false;
  return std::ranges::any_of(*map, [](const json& entry) { return IsQuantizedPolicy(entry); });
}

}  // namespace

// Goes through the layers of models, and of models within models.
class LayerWalk {
 public:
  explicit LayerWalk(ModelConfig& result) : result_(result) {}

  // `config`: of a model whose variables lie under `prefix`.
  void Visit(const json& config, const std::string& prefix) {
    const json* const layers = Member(config, "layers");
    if (layers == nullptr || !layers->is_array()) return;
    std::unordered_map<std::string, int> used;
    for (const json& layer : *layers) {
      const std::string class_name = TextIn(layer, "class_name");
      std::string path = SnakeCase(class_name);
      const int before = used[path]++;
      if (before > 0) path += "_" + std::to_string(before);
      path = prefix + "layers/" + path;
      if (const json* const of_layer = Member(layer, "config")) {
        Add(class_name, path, *of_layer);
        Visit(*of_layer, path + "/");
      }
    }
  }

 private:
  void Add(const std::string& class_name, const std::string& path, const json& config) {
    const json* const policy = Member(config, "dtype");
    const std::string name = TextIn(config, "name");
    const std::size_t number = result_.layers_.size();
    result_.layers_.push_back({.name = name,
                               .class_name = class_name,
                               .is_quantized = policy != nullptr && IsQuantizedPolicy(*policy)});
    result_.by_path_.emplace(path, number);
    if (name.empty()) return;
    const auto [known, is_new] = result_.by_name_.emplace(name, number);
    if (!is_new) known->second = kSeveral;
  }

 public:
  static constexpr std::size_t kSeveral = ~std::size_t{0};

 private:
  ModelConfig& result_;
};

ModelConfig::ModelConfig(std::string_view json_text) {
  const json parsed = ParseJson(json_text);
  if (const json* const config = Member(parsed, "config")) {
    // Keras 1 has the layers of a Sequential without an object around them.
    const json wrapped = config->is_array() ? json{{"layers", *config}} : json();
    LayerWalk(*this).Visit(config->is_array() ? wrapped : *config, "");
  }
}

const LayerConfig* ModelConfig::WithName(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second == LayerWalk::kSeveral) return nullptr;
  return &layers_[found->second];
}

const LayerConfig* ModelConfig::AtPath(std::string_view group) const {
  while (!group.empty()) {
    if (const auto found = by_path_.find(group); found != by_path_.end()) {
      return &layers_[found->second];
    }
    const std::size_t slash = group.rfind('/');
    group = slash == std::string_view::npos ? std::string_view() : group.substr(0, slash);
  }
  return nullptr;
}

std::string SnakeCase(std::string_view class_name) {
  std::string plain;
  for (const char c : class_name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') plain += c;
  }
  std::string result;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool begins_word = i + 1 < plain.size() && IsLower(plain[i + 1]);
    if (i > 0 && IsUpper(plain[i]) && (begins_word || IsLower(plain[i - 1]))) result += '_';
    result += Lower(plain[i]);
  }
  return result;
}

}  // namespace polyak::keras
