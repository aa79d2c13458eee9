// ONNX: a ModelProto in the Protocol Buffers wire format (formats/onnx/wire.h).
// https://github.com/onnx/onnx/blob/main/docs/IR.md
//
// Supported: initializers, sparse ones too, and Constant values of the main graph, of subgraphs at
// any depth, of functions and of training graphs (model_index.h), stored as tensor_proto.h says, in
// the model or in files beside it (external_data.h). The output is the model's bytes with the
// payloads replaced and one metadata_props entry, key "polyak", at its end or in place of an older
// one. What a tensor is for is decided by the operators that use it (operator_table.h).
#pragma once

#include <memory>

#include "core/format.h"

namespace polyak::onnx_format {

bool Probe(const InputFile& file);
std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::onnx_format
