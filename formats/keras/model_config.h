// What a model's configuration (config.json of a .keras, the attribute model_config of a legacy
// .h5) says of its layers: enough to know what their variables are for.
//
//   {"class_name": "Sequential", "config": {"layers": [
//     {"class_name": "Dense", "config": {"name": "dense_9", "dtype": {"class_name": "DTypePolicy",
//                                                                     "config": ...}}}]}}
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace polyak::keras {

struct LayerConfig {
  std::string name;
  std::string class_name;
  bool is_quantized = false;  // by its dtype policy: int8, int4, float8, gptq, awq
};

// Immutable; any thread.
class ModelConfig {
 public:
  ModelConfig() = default;  // of no layers
  // Layers that it does not understand are left out. Throws Error (kCorrupt) where it is no JSON,
  // or nested too deep.
  explicit ModelConfig(std::string_view json_text);

  // Null: there is no such layer, or several.
  const LayerConfig* WithName(std::string_view name) const;
  // The layer whose variables lie in this group or in one of its parents, as Keras 3 derives paths
  // from class names: "layers/lstm_1/cell" is of the second LSTM. Null: none.
  const LayerConfig* AtPath(std::string_view group) const;

 private:
  friend class LayerWalk;

  std::vector<LayerConfig> layers_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // numbers; layers_.size(): several
  std::map<std::string, std::size_t, std::less<>> by_path_;
};

// "MaxPooling2D" is "max_pooling2d".
std::string SnakeCase(std::string_view class_name);

}  // namespace polyak::keras
