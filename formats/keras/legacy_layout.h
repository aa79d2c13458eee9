// The legacy layout: layers as groups, in the order of layer_names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"
#include "core/tensor.h"
#include "formats/keras/attribute_lists.h"
#include "formats/keras/model_config.h"

namespace polyak::keras {

// Where the groups of layers lie: "" or "model_weights". Nothing: it isn't this layout.
std::optional<std::string_view> FindLegacyRoot(const AttributeLists& attributes);

// Roles of the tensors, and the order of loading; a warning where that names what is not there.
void AnnotateLegacy(std::string_view root, const AttributeLists& attributes,
                    const ModelConfig& config, std::span<TensorInfo> tensors,
                    CheckpointNotes& notes);

}  // namespace polyak::keras
