// The index of an ONNX model: every tensor that its graphs hold, with a path that says where.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, messages ModelProto, GraphProto,
// NodeProto, AttributeProto
//
//   NAME                   an initializer of the main graph
//   OUTPUT                 the value of the Constant node that makes OUTPUT
//   OUTPUT.ATTRIBUTE       a tensor that is an attribute of the node that makes OUTPUT
//   OUTPUT/ATTRIBUTE/...   the same in a subgraph (If, Loop, Scan) of the node that makes OUTPUT
//   NAME.indices, .dims    the indices and the shape of a sparse tensor, whose values are NAME
//   DOMAIN::FUNCTION()/... the same in a function of the model; without a domain FUNCTION()/...,
//                          with an overload DOMAIN::FUNCTION:OVERLOAD()/...
//   training_info[i].algorithm/...      the same in a graph that trains the model, or
//   training_info[i].initialization/... begins to
// OUTPUT is the first output that has a name; "node N" where none has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/format.h"
#include "formats/onnx/tensor_proto.h"
#include "io/input_file.h"

namespace polyak::onnx_format {

struct ExternalTensor {
  std::uint32_t tensor = 0;  // its number
  ExternalData data;
};

struct ModelIndex {
  std::vector<TensorInfo> tensors;
  std::vector<Payload> payloads;
  std::vector<std::unique_ptr<const VarintPayload>> varints;  // by tensor; mostly null
  std::vector<ExternalTensor> external;                       // in the order of the tensors
  std::vector<Extent> provenance_fields;  // metadata_props entries of ours, whole
  CheckpointNotes notes;                  // its provenance: the text of the last one
};

// Reads the model's structure through a small window, no payload (but integers stored as varints,
// whose extent is only known by passing them). Throws Error (kCorrupt, kUnsupported,
// kCancelled).
ModelIndex IndexModel(const InputFile& file, OpenContext& context);

// True where the beginning of the file reads as a ModelProto.
bool LooksLikeModel(const InputFile& file);

}  // namespace polyak::onnx_format
