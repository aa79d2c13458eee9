// An ONNX model as a Checkpoint.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/external_files.h"
#include "formats/onnx/external_output.h"
#include "formats/onnx/model_index.h"
#include "io/deferred_output.h"
#include "io/extents.h"
#include "io/output_layout.h"

namespace polyak::onnx_format {

// What alike models have in common. It holds no list of tensors: that is the checkpoints'.
struct ModelStructure {
  std::shared_ptr<const InputFile> file;  // the one that it is of
  std::weak_ptr<const std::vector<TensorInfo>> tensors;
  std::shared_ptr<const std::vector<Payload>> payloads;
  CheckpointNotes notes;
  std::vector<Extent> provenance_fields;
};

class OnnxCheckpoint final : public ExtentCheckpoint {
 public:
  OnnxCheckpoint(ModelFiles files, ModelIndex index);
  // A file of that structure. `tensors` is the structure's list.
  OnnxCheckpoint(std::shared_ptr<const InputFile> file, const ModelStructure& structure,
                 std::shared_ptr<const std::vector<TensorInfo>> tensors);

  // Nothing where not all that is known of it, but the numbers, follows from its size and from the
  // bytes outside its payloads, few enough to compare: it has varints, external data, payloads in
  // several pieces or not in the order of the file.
  std::optional<ModelStructure> Structure() const;

 private:
  // Varints are decoded; everything else is extents.
  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override;
  bool IsAsStored(std::size_t tensor) const override { return VarintsOf(tensor) == nullptr; }
  std::vector<std::filesystem::path> DoDataFilesOf(const OutputRequest& request) const override;
  std::uint64_t DoOutputMemoryBytes(const OutputRequest& request) const override;
  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override;
  std::string DoDescribeNode(std::size_t node) const override;
  std::vector<Edit> ProvenanceEdits(std::string_view record) const override;

  // The output once all that has no fixed size is edits.
  std::unique_ptr<Output> Spliced(const OutputRequest& request, std::vector<Edit> edits,
                                  std::shared_ptr<const InputFile> spilled) const;
  std::vector<Edit> EncodeSpilled(const SpillFile& spill,
                                  std::span<const DeferredOutput::Spilled> spilled,
                                  std::uint64_t end) const;

  bool IsKnownByStructure() const noexcept;
  const VarintPayload* VarintsOf(std::size_t tensor) const noexcept {
    return varints_.empty() ? nullptr : varints_[tensor].get();
  }
  ExternalTemplate external() const { return {file(), external_, file_names_, payloads()}; }

  std::vector<std::unique_ptr<const VarintPayload>> varints_;  // by tensor; empty: there are none
  std::vector<ExternalTensor> external_;
  std::vector<std::string> file_names_;
  std::vector<Extent> provenance_fields_;
};

// Whether the file has the structure's size, and the same bytes outside the payloads. Throws Error
// (kSystem, kCorrupt).
bool HasStructure(const InputFile& file, const ModelStructure& structure);

}  // namespace polyak::onnx_format
