// external_data of a TensorProto: where in another file its elements lie.
// https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
//
// Entries { key, value }: location (a path relative to the model's folder, '/' between parts),
// offset and length (decimal digits; 0, and what the shape takes, where they are missing), checksum
// (SHA-1 of the bytes; not looked at). Others are ignored, with a warning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "formats/onnx/wire.h"

namespace polyak::onnx_format {

struct ExternalData {
  std::string location;  // as the model has it
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  std::string unknown_key;  // one that means nothing; empty: none

  // In the model: the value of the location and the entry that it stands in, the value of the
  // offset, the whole entry of a checksum. Empty where there is none.
  Extent location_value;
  Extent location_entry;
  Extent offset_value;
  Extent checksum_entry;
};

// Adds an entry: a field of the tensor's message, which `message` reads. Throws Error (kCorrupt)
// where it is malformed, or comes twice.
void AddExternalEntry(const Field& field, FieldReader& message, ExternalData& data);

}  // namespace polyak::onnx_format
