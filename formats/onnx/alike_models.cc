#include "formats/onnx/alike_models.h"

#include <utility>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

// False where one of them can't be read: indexing this one, and the other's check for changes, say
// which.
bool IsAlike(const OnnxCheckpoint& known, const InputFile& file) {
  try {
    return known.HasStructureOf(file);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::shared_ptr<AlikeModels> AlikeModels::Of(OpenContext& context) {
  return context.per_run->Of<AlikeModels>("alike onnx models", std::make_shared<AlikeModels>);
}

std::shared_ptr<AlikeModels::First> AlikeModels::FirstOf(std::uint64_t file_bytes) {
  const MutexLock lock(mutex_);
  std::shared_ptr<First>& first = firsts_[file_bytes];
  if (!first) first = std::make_shared<First>();
  return first;
}

AlikeModels::Model AlikeModels::Open(const std::shared_ptr<const InputFile>& file,
                                     IndexBudget& budget, const std::function<Model()>& open) {
  const std::shared_ptr<First> first = FirstOf(file->size());
  std::shared_ptr<const OnnxCheckpoint> known;
  {
    const MutexLock lock(first->mutex);
    if (!std::exchange(first->is_tried, true)) {
      Model model = open();
      if (!model->IsKnownByStructure()) return model;
      first->model = std::make_shared<const OnnxCheckpoint>(file, *model);
      first->kept_bytes = budget.file_bytes();
      first->most_bytes = budget.most_file_bytes();
      return model;
    }
    known = first->model;
  }
  if (!known || !IsAlike(*known, *file)) return open();
  budget.Charge(first->most_bytes);
  budget.CheckFits();
  budget.Release(first->most_bytes - first->kept_bytes);
  return std::make_unique<OnnxCheckpoint>(file, *known);
}

}  // namespace polyak::onnx_format
