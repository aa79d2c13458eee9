// ONNX: a ModelProto in the Protocol Buffers wire format (formats/onnx/wire.h).
// https://github.com/onnx/onnx/blob/main/docs/IR.md
//
// Supported: initializers and Constant values of the main graph, of subgraphs at any depth and
// of functions (model_index.h), stored as tensor_proto.h says. The output is the model's bytes
// with the payloads replaced and one metadata_props entry, key "polyak", at its end or in place of
// an older one.
// Refused for now: external data in a template, sparse tensors, training_info.
#pragma once

#include <memory>

#include "core/format.h"

namespace polyak::onnx_format {

bool Probe(const InputFile& file);
std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::onnx_format
