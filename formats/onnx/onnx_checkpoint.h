// An ONNX model as a Checkpoint.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/model_index.h"
#include "io/extents.h"
#include "io/spliced_output.h"

namespace polyak::onnx_format {

class OnnxCheckpoint final : public ExtentCheckpoint {
 public:
  OnnxCheckpoint(std::shared_ptr<const InputFile> file, ModelIndex index);

 private:
  // Integers that are varints are decoded; everything else is extents.
  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override;
  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override;
  std::string DoDescribeNode(std::size_t node) const override;
  std::vector<Edit> ProvenanceEdits(std::string_view record) const override;

  std::vector<std::unique_ptr<const VarintPayload>> varints_;
  std::vector<Extent> provenance_fields_;
  bool has_external_data_;
};

}  // namespace polyak::onnx_format
