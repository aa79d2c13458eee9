#include "formats/onnx/onnx_format.h"

#include "formats/onnx/model_index.h"
#include "formats/onnx/onnx_checkpoint.h"

namespace polyak::onnx_format {

bool Probe(const InputFile& file) { return LooksLikeModel(file); }

std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context) {
  ModelIndex index = IndexModel(*file, context);
  CheckExtents(index.payloads, index.tensors, file->size());
  return std::make_unique<OnnxCheckpoint>(std::move(file), std::move(index));
}

}  // namespace polyak::onnx_format
