#include "formats/onnx/onnx_format.h"

#include "formats/onnx/alike_models.h"
#include "formats/onnx/external_files.h"
#include "formats/onnx/model_index.h"
#include "formats/onnx/onnx_checkpoint.h"

namespace polyak::onnx_format {

bool Probe(const InputFile& file) { return LooksLikeModel(file); }

std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context) {
  return AlikeModels::Of(context)->Open(file, context.index_budget, [&] {
    ModelIndex index = IndexModel(*file, context);
    ModelFiles files = OpenExternalFiles(file, index, context);
    CheckExtents(index.payloads, index.tensors, files.files);
    return std::make_unique<OnnxCheckpoint>(std::move(files), std::move(index));
  });
}

}  // namespace polyak::onnx_format
