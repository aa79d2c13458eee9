#include "formats/keras/quantized_groups.h"

namespace polyak::keras {

void QuantizedGroups::Add(std::string_view group, TensorInfo& variable, bool is_quantized) {
  Group& entry = groups_[group];
  entry.variables.push_back(&variable);
  const bool is_kernel = !variable.shape.empty() && variable.role != Role::kSeed;
  if (is_kernel && variable.dtype == DType::kInt8) entry.use = "of a layer with int8 weights";
  if (is_kernel && variable.dtype == DType::kUInt8) entry.use = "of a layer with uint8 weights";
  if (is_quantized && entry.use.empty()) entry.use = "of a layer with a quantized dtype policy";
}

void QuantizedGroups::SetRoles() {
  for (auto& [name, group] : groups_) {
    if (group.use.empty()) continue;
    for (TensorInfo* const variable : group.variables) {
      if (variable->role == Role::kSeed) continue;
      variable->role = Role::kQuantized;
      variable->use = group.use;
    }
  }
}

}  // namespace polyak::keras
