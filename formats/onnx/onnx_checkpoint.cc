#include "formats/onnx/onnx_checkpoint.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "core/error.h"
#include "formats/onnx/length_edits.h"
#include "formats/onnx/node_description.h"
#include "formats/onnx/varint_encoding.h"
#include "formats/onnx/wire_writer.h"
#include "io/byte_reader.h"
#include "io/spliced_output.h"

namespace polyak::onnx_format {
namespace {

// ModelProto.metadata_props { key: "polyak" value: record }
Edit MetadataEdit(const Extent& place, std::string_view record) {
  Edit edit{.offset = place.offset, .removed = place.length, .inserted = {}};
  AppendField(onnx::ModelProto::kMetadataPropsFieldNumber, KeyValueEntry("polyak", record),
              edit.inserted);
  edit.record_at = edit.inserted.size() - record.size();
  return edit;
}

// Of two files, both of which have it whole.
bool IsSame(ByteReader& one, ByteReader& other, const Extent& extent) {
  one.Seek(extent.offset);
  other.Seek(extent.offset);
  while (one.position() < extent.end()) {
    const auto some = one.TakeSome(extent.end());
    for (auto left = some; !left.empty();) {
      const auto same = other.TakeSome(other.position() + left.size());
      if (!std::ranges::equal(same, left.first(same.size()))) return false;
      left = left.subspan(same.size());
    }
  }
  return true;
}

using Varints = std::vector<std::unique_ptr<const VarintPayload>>;

Varints EmptyIfNone(Varints varints) {
  const bool has_some = std::ranges::any_of(varints, [](const auto& each) { return bool(each); });
  return has_some ? std::move(varints) : Varints();
}

}  // namespace

OnnxCheckpoint::OnnxCheckpoint(ModelFiles files, ModelIndex index)
    : ExtentCheckpoint(std::move(files.files), std::move(index.tensors), std::move(index.payloads),
                       std::move(index.notes)),
      varints_(EmptyIfNone(std::move(index.varints))),
      external_(std::move(index.external)),
      file_names_(std::move(files.names)),
      provenance_fields_(std::move(index.provenance_fields)) {}

OnnxCheckpoint::OnnxCheckpoint(std::shared_ptr<const InputFile> file,
                               const ModelStructure& structure,
                               std::shared_ptr<const std::vector<TensorInfo>> tensors)
    : ExtentCheckpoint({std::move(file)}, std::move(tensors), structure.payloads, structure.notes),
      file_names_(1),
      provenance_fields_(structure.provenance_fields) {}

std::optional<ModelStructure> OnnxCheckpoint::Structure() const {
  if (!IsKnownByStructure()) return std::nullopt;
  return ModelStructure{.file = all_files().front(),
                        .tensors = shared_tensors(),
                        .payloads = shared_payloads(),
                        .notes = notes(),
                        .provenance_fields = provenance_fields_};
}

bool OnnxCheckpoint::IsKnownByStructure() const noexcept {
  constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;  // a hundred thousand tensors
  if (!varints_.empty() || !external_.empty()) return false;
  std::uint64_t end = 0;
  std::uint64_t bytes = file().size();
  for (std::size_t t = 0; t < tensors().size(); ++t) {
    const Payload& payload = payloads()[t];
    if (payload.runs.empty()) continue;
    const Extent extent = payload.runs[0].span();
    const bool is_plain = payload.is_one_piece() && tensors()[t].element_bytes > 0;
    if (!is_plain || extent.offset < end) return false;
    end = extent.end();
    bytes -= extent.length;
  }
  return bytes <= kMostBytes;
}

bool HasStructure(const InputFile& file, const ModelStructure& structure) {
  if (file.size() != structure.file->size()) return false;
  ByteReader bytes(file);
  ByteReader known_bytes(*structure.file);
  std::uint64_t end = 0;
  for (const Payload& payload : *structure.payloads) {
    if (payload.runs.empty()) continue;
    const Extent extent = payload.runs[0].span();
    if (!IsSame(known_bytes, bytes, {end, extent.offset - end})) return false;
    end = extent.end();
  }
  return IsSame(known_bytes, bytes, {end, file.size() - end});
}

void OnnxCheckpoint::DoRead(std::size_t tensor, const Box& box,
                            std::span<std::byte> elements) const {
  const VarintPayload* varints = VarintsOf(tensor);
  if (varints == nullptr) return ReadExtents(tensor, box, elements);
  const std::uint32_t element_bytes = tensors()[tensor].element_bytes;
  ForEachRun(tensors()[tensor].shape, box, [&](std::uint64_t first, std::uint64_t count) {
    const auto run = elements.first(count * element_bytes);
    varints->Read(file(), first, run);
    elements = elements.subspan(run.size());
  });
}

std::vector<std::filesystem::path> OnnxCheckpoint::DoDataFilesOf(
    const OutputRequest& request) const {
  if (external_.empty()) return {};
  return ExternalFilesOf(external(), request);
}

// Measured with 100,000 tensors: entries that move cost edits of their own and of the lengths
// around them.
std::uint64_t OnnxCheckpoint::DoOutputMemoryBytes(const OutputRequest& request) const {
  constexpr std::uint64_t kMovedTensorBytes = 640;
  constexpr std::uint64_t kTensorBytes = 96;
  constexpr std::uint64_t kFileBytes = 768;
  if (external_.empty()) return 0;
  const bool is_single = !SingleDataName(external(), request).empty();
  return external_.size() * (is_single ? kMovedTensorBytes : kTensorBytes) +
         (is_single ? 1 : file_names_.size()) * kFileBytes;
}

std::unique_ptr<Output> OnnxCheckpoint::DoBeginOutput(const OutputRequest& request) const {
  std::vector<std::size_t> deferred;
  std::vector<std::size_t> others;
  for (const std::size_t tensor : request.replaced) {
    (VarintsOf(tensor) != nullptr ? deferred : others).push_back(tensor);
  }
  if (deferred.empty()) return Spliced(request, {}, nullptr);
  // The request, and what it refers to, may be gone when the rest is laid out.
  const auto lay_out_rest = [this, rest = request, others = std::move(others)](
                                const SpillFile& spill,
                                std::span<const DeferredOutput::Spilled> spilled,
                                std::uint64_t end) mutable {
    rest.replaced = others;
    std::vector<Edit> edits = EncodeSpilled(spill, spilled, end);
    return Spliced(rest, std::move(edits), spill.AsInput());
  };
  return std::make_unique<DeferredOutput>(request.path, tensors(), std::move(deferred),
                                          lay_out_rest);
}

std::unique_ptr<Output> OnnxCheckpoint::Spliced(const OutputRequest& request,
                                                std::vector<Edit> edits,
                                                std::shared_ptr<const InputFile> spilled) const {
  OutputLayout layout{.sources = all_files(), .main = {}, .data = {}};
  if (spilled) layout.sources.push_back(std::move(spilled));
  if (!external_.empty()) {
    LayOutExternalData(external(), request, layout, edits);
  }
  if (!request.provenance.empty()) {
    std::ranges::move(ProvenanceEdits(request.provenance), std::back_inserter(edits));
  }
  edits = WithLengths(file(), std::move(edits));
  layout.main.CopyEdited(0, file(), edits, SpansIn(0, request.replaced, payloads()));
  edits = {};
  return std::make_unique<SplicedOutput>(request, std::move(layout), payloads(), tensors());
}

std::vector<Edit> OnnxCheckpoint::EncodeSpilled(const SpillFile& spill,
                                                std::span<const DeferredOutput::Spilled> spilled,
                                                std::uint64_t end) const {
  std::vector<Edit> edits;
  VarintEncoding encoding(file(), spill, end, static_cast<std::uint32_t>(all_files().size()));
  for (const auto& [tensor, offset] : spilled) {
    try {
      encoding.Encode(*varints_[tensor], offset, edits);
    } catch (Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;  // the output's, which says so
      error.AddContext(tensors()[tensor].name);
      error.AddContext(path().string());
      throw;
    }
  }
  return edits;
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
