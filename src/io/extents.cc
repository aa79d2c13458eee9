#include "io/extents.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "io/spliced_output.h"

namespace polyak {
namespace {

struct OwnedExtent {
  std::uint32_t file;
  Extent extent;
  std::size_t tensor;
};

[[noreturn]] void FailAt(const TensorInfo& tensor, std::string what) {
  Error error(ErrorKind::kCorrupt, std::move(what));
  error.AddContext(tensor.name);
  throw error;
}

std::vector<OwnedExtent> SortedExtents(std::span<const Payload> payloads) {
  std::vector<OwnedExtent> extents;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    for (const PayloadRun& run : payloads[i].runs) {
      if (run.bytes > 0) extents.push_back({run.file, run.span(), i});
    }
  }
  std::ranges::sort(extents, [](const OwnedExtent& a, const OwnedExtent& b) {
    return std::tuple(a.file, a.extent.offset, a.tensor) <
           std::tuple(b.file, b.extent.offset, b.tensor);
  });
  return extents;
}

}  // namespace

void CheckExtents(std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                  const InputFiles& files) {
  const std::vector<OwnedExtent> extents = SortedExtents(payloads);
  for (const auto& [file, extent, tensor] : extents) {
    const std::uint64_t file_bytes = files[file]->size();
    if (extent.offset > file_bytes || extent.length > file_bytes - extent.offset) {
      FailAt(tensors[tensor], "its data lies outside the file (found bytes " +
                                  std::to_string(extent.offset) + " to " +
                                  std::to_string(extent.end()) + ", expected at most " +
                                  std::to_string(file_bytes) + ")");
    }
  }
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const auto& [file, before, first] = extents[i - 1];
    const auto& [next_file, after, second] = extents[i];
    if (next_file != file || after.offset >= before.end()) continue;
    if (first != second && payloads[first].runs == payloads[second].runs) {
      if (tensors[first].dtype == tensors[second].dtype) continue;
      FailAt(tensors[second],
             "its data is also that of " + tensors[first].name + ", which has another dtype");
    }
    FailAt(tensors[second], "its data overlaps that of " + tensors[first].name);
  }
}

ExtentCheckpoint::ExtentCheckpoint(InputFiles files, std::vector<TensorInfo> tensors,
                                   std::vector<Payload> payloads, CheckpointNotes notes)
    : ExtentCheckpoint(
          std::move(files), std::make_shared<const std::vector<TensorInfo>>(std::move(tensors)),
          std::make_shared<const std::vector<Payload>>(std::move(payloads)), std::move(notes)) {}

ExtentCheckpoint::ExtentCheckpoint(InputFiles files,
                                   std::shared_ptr<const std::vector<TensorInfo>> tensors,
                                   std::shared_ptr<const std::vector<Payload>> payloads,
                                   CheckpointNotes notes)
    : Checkpoint(files.front()->path(), std::move(tensors), std::move(notes)),
      files_(std::move(files)),
      payloads_(std::move(payloads)) {
  assert(payloads_->size() == this->tensors().size());
  std::uint64_t bytes = 0;
  for (const auto& file : files_) {
    bytes_before_.push_back(bytes);
    bytes += file->size();
  }
}

std::vector<Edit> ExtentCheckpoint::ProvenanceEdits(std::string_view /*record*/) const {
  return {};
}

std::uint64_t ExtentCheckpoint::DoFileBytes() const {
  return bytes_before_.back() + files_.back()->size();
}

void ExtentCheckpoint::DoRead(std::size_t tensor, const Box& box,
                              std::span<std::byte> elements) const {
  ReadExtents(tensor, box, elements);
}

void ExtentCheckpoint::ReadExtents(std::size_t tensor, const Box& box,
                                   std::span<std::byte> elements) const {
  const Payload& payload = payloads()[tensor];
  ForEachPart(payload, tensors()[tensor], box, [&](const RunPart& part, std::uint64_t box_offset) {
    ReadPart(*files_[part.run.file], part, elements.subspan(box_offset, part.bytes));
  });
  SwapBytes(elements, payload.swapped_bytes);
}

std::size_t ExtentCheckpoint::DoReadJoined(std::span<const TensorToRead> parts) const {
  const std::uint32_t source = payloads()[parts[0].tensor].runs.begin()->file;
  Extent span;
  std::size_t joined = 0;
  for (const auto& [tensor, elements] : parts) {
    const Payload& payload = payloads()[tensor];
    if (!payload.is_one_piece() || !IsAsStored(tensor) || payload.runs[0].file != source) break;
    const Extent extent = payload.runs[0].span();
    if (joined == 0) span = {extent.offset, 0};
    if (extent.offset < span.end() || extent.offset - span.end() > kMostGapBytes) break;
    if (extent.end() - span.offset > kJoinedBytes) break;
    span.length = extent.end() - span.offset;
    ++joined;
  }
  if (joined < 2) return 0;

  std::array<std::byte, kJoinedBytes> buffer;
  try {
    files_[source]->ReadAt(span.offset, std::span(buffer).first(span.length));
  } catch (const Error&) {
    return 0;  // each is read alone then: the error is that of the one whose bytes can't be read
  }
  for (const auto& [tensor, elements] : parts.first(joined)) {
    const Payload& payload = payloads()[tensor];
    std::memcpy(elements.data(), buffer.data() + (payload.runs[0].offset - span.offset),
                elements.size());
    SwapBytes(elements, payload.swapped_bytes);
  }
  return joined;
}

void ExtentCheckpoint::DoReadStored(std::size_t tensor, std::uint64_t offset,
                                    std::span<std::byte> bytes) const {
  for (const PayloadRun& run : payloads()[tensor].runs) {
    if (offset < run.bytes && !bytes.empty()) {
      const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), run.bytes - offset));
      ReadPart(*files_[run.file], {run, offset, part.size()}, part);
      bytes = bytes.subspan(part.size());
      offset = 0;
    } else {
      offset -= std::min(offset, run.bytes);
    }
  }
  assert(bytes.empty());
}

std::uint64_t ExtentCheckpoint::DoPayloadId(std::size_t tensor) const {
  // No two payloads share a byte without being one (CheckExtents). One without bytes is its own.
  for (const PayloadRun& run : payloads()[tensor].runs) {
    if (run.bytes > 0) return bytes_before_[run.file] + run.offset;
  }
  return bytes_before_.back() + files_.back()->size() + tensor;
}

std::unique_ptr<Output> ExtentCheckpoint::DoBeginOutput(const OutputRequest& request) const {
  std::vector<Edit> edits;
  if (!request.provenance.empty()) edits = ProvenanceEdits(request.provenance);
  OutputLayout layout{.sources = files_, .main = {}, .data = {}};
  layout.main.CopyEdited(0, file(), edits, SpansIn(0, request.replaced, payloads()));
  return std::make_unique<SplicedOutput>(request, std::move(layout), payloads(), tensors());
}

std::vector<FileIdentity> ExtentCheckpoint::DoFiles() const {
  std::vector<FileIdentity> identities;
  for (const auto& file : files_) identities.push_back(file->identity());
  return identities;
}

void ExtentCheckpoint::DoCheckUnchanged() const {
  for (const auto& file : files_) {
    try {
      file->CheckUnchanged();
    } catch (Error& error) {
      error.AddContext(file->path().string());
      throw;
    }
  }
}

}  // namespace polyak
