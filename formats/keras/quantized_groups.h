// Layers whose variables belong together because one of them is quantized.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace polyak::keras {

// Collects the variables of all layers; then those of quantized ones get their role. The tensors
// and the names of the groups must outlive it.
class QuantizedGroups {
 public:
  // `is_quantized`: the model's configuration says so.
  void Add(std::string_view group, TensorInfo& variable, bool is_quantized);
  void SetRoles();

 private:
  struct Group {
    std::vector<TensorInfo*> variables;
    std::string_view use;  // empty: it isn't quantized
  };

  std::map<std::string_view, Group> groups_;
};

}  // namespace polyak::keras
