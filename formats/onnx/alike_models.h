// The models of one run are alike nearly always: files of one size, of which every byte outside the
// payloads is the same. What is known of one of them is true of all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/format.h"
#include "core/mutex.h"
#include "formats/onnx/onnx_checkpoint.h"

namespace polyak::onnx_format {

// Keeps the structure of one model: the first of the size that was last begun with. Any thread.
class AlikeModels {
 public:
  using Model = std::unique_ptr<OnnxCheckpoint>;

  // Those of the run.
  static std::shared_ptr<AlikeModels> Of(OpenContext& context);

  // The file as a model: what is known, where one that was opened before is alike; else what `open`
  // gives, which indexes it. While the first one of a size is indexed, others of that size wait for
  // it. The budget, which is of this file alone, is charged as if each was indexed, so that it
  // doesn't matter which one was. Throws what `open` throws, and Error (kSystem, kUnsupported).
  Model Open(const std::shared_ptr<const InputFile>& file, IndexBudget& budget,
             const std::function<Model()>& open);

 private:
  struct First {
    explicit First(std::uint64_t bytes) : file_bytes(bytes) {}

    const std::uint64_t file_bytes;
    Mutex mutex;  // guards what is known; held while the first one is indexed
    bool is_tried POLYAK_GUARDED_BY(mutex) = false;
    // Nothing: it is of no use. Doesn't change any more once there.
    std::shared_ptr<const ModelStructure> structure POLYAK_GUARDED_BY(mutex);
    std::uint64_t kept_bytes = 0;  // of the budget
    std::uint64_t most_bytes = 0;  // likewise, while it was opened
  };

  std::shared_ptr<First> FirstOf(std::uint64_t file_bytes);

  Mutex mutex_;  // guards which size it is
  std::shared_ptr<First> first_ POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak::onnx_format
