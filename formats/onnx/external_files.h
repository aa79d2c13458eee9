// The data files of a model with external data: found, checked, and given to its tensors.
// What readers have let pass before: https://github.com/onnx/onnx/security/advisories
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/format.h"
#include "formats/onnx/model_index.h"
#include "io/extents.h"

namespace polyak::onnx_format {

// A model's files: the model itself, then those that its tensors lie in.
struct ModelFiles {
  InputFiles files;
  // Of each, relative to the model's folder, without "." and ".."; the model's own is empty.
  std::vector<std::string> names;
};

// Opens what the external tensors of the index name, and gives the tensors their payloads. A file
// is opened only inside the model's folder, or the one that the model's own link leads to
// (io/contained_files.h); no more of them stay open than the process may have. Adds to the index's
// warnings. Throws Error (kCorrupt, kSystem, kUnsupported, kCancelled) with the tensor's name in
// front.
ModelFiles OpenExternalFiles(std::shared_ptr<const InputFile> model, ModelIndex& index,
                             OpenContext& context);

}  // namespace polyak::onnx_format
