// The layout of Keras 2.13 and later: variables in groups "vars", by number.
#pragma once

#include <span>

#include "core/tensor.h"
#include "formats/keras/attribute_lists.h"
#include "formats/keras/model_config.h"

namespace polyak::keras {

// Whether there is a variable in such a group.
bool HasVariableGroups(std::span<const TensorInfo> tensors);

// Roles and uses.
void AnnotateVariables(const AttributeLists& attributes, const ModelConfig& config,
                       std::span<TensorInfo> tensors);

}  // namespace polyak::keras
