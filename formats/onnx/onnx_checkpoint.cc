#include "formats/onnx/onnx_checkpoint.h"

#include <onnx/onnx_pb.h>

#include <cassert>
#include <utility>

#include "core/error.h"
#include "formats/onnx/node_description.h"

namespace polyak::onnx_format {
namespace {

void AppendVarint(std::uint64_t value, std::string& bytes) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
}

void AppendField(int number, std::string_view content, std::string& bytes) {
  AppendVarint(static_cast<std::uint64_t>(number) << 3 | 2, bytes);
  AppendVarint(content.size(), bytes);
  bytes += content;
}

// ModelProto.metadata_props { key: "polyak" value: record }
Edit MetadataEdit(const Extent& place, std::string_view record) {
  std::string entry;
  AppendField(onnx::StringStringEntryProto::kKeyFieldNumber, "polyak", entry);
  AppendField(onnx::StringStringEntryProto::kValueFieldNumber, record, entry);
  Edit edit{.offset = place.offset, .removed = place.length, .inserted = {}};
  AppendField(onnx::ModelProto::kMetadataPropsFieldNumber, entry, edit.inserted);
  edit.record_at = edit.inserted.size() - record.size();
  return edit;
}

}  // namespace

OnnxCheckpoint::OnnxCheckpoint(std::shared_ptr<const InputFile> file, ModelIndex index)
    : ExtentCheckpoint(std::move(file), std::move(index.tensors), std::move(index.payloads),
                       std::move(index.notes)),
      varints_(std::move(index.varints)),
      provenance_fields_(std::move(index.provenance_fields)),
      has_external_data_(index.has_external_data) {}

void OnnxCheckpoint::DoRead(std::size_t tensor, const Box& box,
                            std::span<std::byte> elements) const {
  const VarintPayload* varints = varints_[tensor].get();
  if (varints == nullptr) return ReadExtents(tensor, box, elements);
  const std::uint32_t element_bytes = tensors()[tensor].element_bytes;
  ForEachRun(tensors()[tensor].shape, box, [&](std::uint64_t first, std::uint64_t count) {
    const auto run = elements.first(count * element_bytes);
    varints->Read(file(), payload(tensor).extents, first, run);
    elements = elements.subspan(run.size());
  });
}

std::unique_ptr<Output> OnnxCheckpoint::DoBeginOutput(const OutputRequest& request) const {
  if (has_external_data_) {
    Error error(ErrorKind::kUnsupported,
                "external data is not supported yet (a copy would lose its weights)");
    error.AddContext(path().string());
    throw error;
  }
  return ExtentCheckpoint::DoBeginOutput(request);
}

std::string OnnxCheckpoint::DoDescribeNode(std::size_t node) const {
  return onnx_format::DescribeNode(file(), node);
}

// The record takes the place of the last older one, or goes to the end; other older ones go.
std::vector<Edit> OnnxCheckpoint::ProvenanceEdits(std::string_view record) const {
  if (provenance_fields_.empty()) return {MetadataEdit({file().size(), 0}, record)};
  std::vector<Edit> edits;
  for (const Extent& field : provenance_fields_) {
    edits.push_back({.offset = field.offset, .removed = field.length, .inserted = {}});
  }
  edits.back() = MetadataEdit(provenance_fields_.back(), record);
  return edits;
}

}  // namespace polyak::onnx_format
