#include "formats/keras/conventions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/keras/attribute_lists.h"
#include "formats/keras/legacy_layout.h"
#include "formats/keras/model_config.h"
#include "formats/keras/variable_groups.h"

namespace polyak::keras {
namespace {

ModelConfig ConfigOf(std::string_view text, CheckpointNotes& notes) {
  if (text.empty()) return {};
  try {
    return ModelConfig(text);
  } catch (const Error& error) {
    notes.warnings.push_back(
        std::string("the model's configuration tells nothing of its layers: it ") + error.what());
    return {};
  }
}

void AddProperty(std::string name, std::string value, CheckpointNotes& notes) {
  const bool is_known = std::ranges::count(notes.properties, name, &Property::name) > 0;
  if (!value.empty() && !is_known) notes.properties.push_back({std::move(name), std::move(value)});
}

std::string LegacyText(std::string_view root, const std::string& version) {
  if (!root.empty()) return "legacy whole model";
  return version.empty() ? "legacy weights of Keras 1" : "legacy weights";
}

bool IsOfKeras213(std::span<const TensorInfo> tensors) {
  return std::ranges::any_of(tensors, [](const TensorInfo& tensor) {
    return tensor.name.starts_with("_layer_checkpoint_dependencies/");
  });
}

}  // namespace

void Annotate(std::span<hdf5::ImageContents> images, std::string_view config,
              CheckpointNotes& notes) {
  const AttributeLists attributes(images);
  const std::string own_config = config.empty() ? attributes.TextOf("", "model_config") : "";
  const auto root = FindLegacyRoot(attributes);
  const ModelConfig model = ConfigOf(config.empty() ? own_config : config, notes);
  for (hdf5::ImageContents& image : images) {
    if (root && images.size() == 1) {
      const std::string version = attributes.TextOf(*root, "keras_version");
      AddProperty("layout", LegacyText(*root, version), notes);
      AddProperty("keras_version", version, notes);
      AddProperty("backend", attributes.TextOf(*root, "backend"), notes);
      AnnotateLegacy(*root, attributes, model, image.tensors, notes);
    } else if (HasVariableGroups(image.tensors)) {
      AddProperty("layout", IsOfKeras213(image.tensors) ? "weights of Keras 2.13" : "weights",
                  notes);
      AnnotateVariables(attributes, model, image.tensors);
    }
  }
}

}  // namespace polyak::keras
