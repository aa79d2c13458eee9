#include "formats/onnx/alike_models.h"

#include <utility>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

// Null where the file is another model, or its list of tensors is nobody's any more. Where one of
// the files can't be read, indexing this one, and the other's check for changes, say which.
std::unique_ptr<OnnxCheckpoint> Alike(const std::shared_ptr<const InputFile>& file,
                                      const ModelStructure& known) {
  auto tensors = known.tensors.lock();
  if (!tensors) return nullptr;
  try {
    if (!HasStructure(*file, known)) return nullptr;
  } catch (const Error&) {
    return nullptr;
  }
  return std::make_unique<OnnxCheckpoint>(file, known, std::move(tensors));
}

}  // namespace

std::shared_ptr<AlikeModels> AlikeModels::Of(OpenContext& context) {
  return context.per_run->Of<AlikeModels>("alike onnx models", std::make_shared<AlikeModels>);
}

std::shared_ptr<AlikeModels::First> AlikeModels::FirstOf(std::uint64_t file_bytes) {
  const MutexLock lock(mutex_);
  if (!first_ || first_->file_bytes != file_bytes) first_ = std::make_shared<First>(file_bytes);
  return first_;
}

AlikeModels::Model AlikeModels::Open(const std::shared_ptr<const InputFile>& file,
                                     IndexBudget& budget, const std::function<Model()>& open) {
  const std::shared_ptr<First> first = FirstOf(file->size());
  std::shared_ptr<const ModelStructure> known;
  {
    const MutexLock lock(first->mutex);
    if (!std::exchange(first->is_tried, true)) {
      Model model = open();
      auto structure = model->Structure();
      if (!structure) return model;
      first->structure = std::make_shared<const ModelStructure>(*std::move(structure));
      first->kept_bytes = budget.file_bytes();
      first->most_bytes = budget.most_file_bytes();
      return model;
    }
    known = first->structure;
  }
  Model alike = known ? Alike(file, *known) : nullptr;
  if (!alike) return open();
  budget.Charge(first->most_bytes);
  budget.CheckFits();
  budget.Release(first->most_bytes - first->kept_bytes);
  return alike;
}

}  // namespace polyak::onnx_format
