// Where the external data of an output goes.
//
// Into another folder than the template's the layout is mirrored: files of the same names, the
// model as it is. Into the same folder, or where it is asked for, all of it goes to one file beside
// the model, OUT.data, at multiples of 4096 bytes (what is smaller: of 64), and the model's entries
// say so. https://github.com/onnx/onnx/blob/main/docs/ExternalData.md An existing file is never
// replaced by data: another model may use it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/output.h"
#include "formats/onnx/model_index.h"
#include "io/output_layout.h"
#include "io/payload.h"

namespace polyak::onnx_format {

// What is known of the template's external data.
struct ExternalTemplate {
  const InputFile& model;
  std::span<const ExternalTensor> tensors;
  std::span<const std::string> names;  // ModelFiles::names
  std::span<const Payload> payloads;   // of all tensors
};

// Where the data will go: one name, or (empty) the template's own names.
// Throws Error (kUsage, with the file in front) where an existing file is in the way.
std::string SingleDataName(const ExternalTemplate& external, const OutputRequest& request);

// The data files that the output will have. Throws as SingleDataName.
std::vector<std::filesystem::path> ExternalFilesOf(const ExternalTemplate& external,
                                                   const OutputRequest& request);

// Adds the data files to the layout, whose sources are there, and to `edits` what changes in the
// model. A checksum of data that is averaged is left out. Throws as SingleDataName.
void LayOutExternalData(const ExternalTemplate& external, const OutputRequest& request,
                        OutputLayout& layout, std::vector<Edit>& edits);

}  // namespace polyak::onnx_format
