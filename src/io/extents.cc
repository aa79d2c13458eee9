#include "io/extents.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "core/error.h"
#include "io/spliced_output.h"

namespace polyak {
namespace {

struct OwnedExtent {
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
    for (const Extent& extent : payloads[i].extents) {
      if (extent.length > 0) extents.push_back({extent, i});
    }
  }
  std::ranges::sort(extents, [](const OwnedExtent& a, const OwnedExtent& b) {
    return std::pair(a.extent.offset, a.tensor) < std::pair(b.extent.offset, b.tensor);
  });
  return extents;
}

}  // namespace

void CheckExtents(std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                  std::uint64_t file_bytes) {
  const std::vector<OwnedExtent> extents = SortedExtents(payloads);
  for (const auto& [extent, tensor] : extents) {
    if (extent.offset > file_bytes || extent.length > file_bytes - extent.offset) {
      FailAt(tensors[tensor], "its data lies outside the file (found bytes " +
                                  std::to_string(extent.offset) + " to " +
                                  std::to_string(extent.end()) + ", expected at most " +
                                  std::to_string(file_bytes) + ")");
    }
  }
  for (std::size_t i = 1; i < extents.size(); ++i) {
    const auto& [before, first] = extents[i - 1];
    const auto& [after, second] = extents[i];
    if (after.offset >= before.end()) continue;
    if (first != second && payloads[first].extents == payloads[second].extents) continue;
    FailAt(tensors[second], "its data overlaps that of " + tensors[first].name);
  }
}

void ForEachPiece(const Payload& payload, const TensorInfo& tensor, const Box& box,
                  const std::function<void(std::uint64_t file_offset, std::uint64_t box_offset,
                                           std::uint64_t bytes)>& visit) {
  std::uint64_t box_offset = 0;
  const auto visit_run = [&](std::uint64_t first, std::uint64_t count) {
    std::uint64_t begin = first * tensor.element_bytes;
    const std::uint64_t end = begin + count * tensor.element_bytes;
    std::uint64_t extent_begin = 0;  // in the payload
    for (const Extent& extent : payload.extents) {
      const std::uint64_t extent_end = extent_begin + extent.length;
      if (begin < end && begin < extent_end) {
        const std::uint64_t bytes = std::min(end, extent_end) - begin;
        visit(extent.offset + (begin - extent_begin), box_offset, bytes);
        begin += bytes;
        box_offset += bytes;
      }
      extent_begin = extent_end;
    }
    assert(begin == end);
  };
  ForEachRun(tensor.shape, box, visit_run);
}

void SwapBytes(std::span<std::byte> bytes, std::uint32_t group_bytes) noexcept {
  if (group_bytes <= 1) return;
  assert(bytes.size() % group_bytes == 0);
  for (std::size_t i = 0; i < bytes.size(); i += group_bytes) {
    std::ranges::reverse(bytes.subspan(i, group_bytes));
  }
}

ExtentCheckpoint::ExtentCheckpoint(std::shared_ptr<const InputFile> file,
                                   std::vector<TensorInfo> tensors, std::vector<Payload> payloads,
                                   CheckpointNotes notes)
    : Checkpoint(file->path(), std::move(tensors), std::move(notes)),
      file_(std::move(file)),
      payloads_(std::move(payloads)) {
  assert(payloads_.size() == this->tensors().size());
}

std::vector<Edit> ExtentCheckpoint::ProvenanceEdits(std::string_view /*record*/) const {
  return {};
}

std::uint64_t ExtentCheckpoint::DoFileBytes() const { return file_->size(); }

void ExtentCheckpoint::DoRead(std::size_t tensor, const Box& box,
                              std::span<std::byte> elements) const {
  ReadExtents(tensor, box, elements);
}

void ExtentCheckpoint::ReadExtents(std::size_t tensor, const Box& box,
                                   std::span<std::byte> elements) const {
  const Payload& payload = payloads_[tensor];
  ForEachPiece(payload, tensors()[tensor], box,
               [&](std::uint64_t file_offset, std::uint64_t box_offset, std::uint64_t bytes) {
                 file_->ReadAt(file_offset, elements.subspan(box_offset, bytes));
               });
  SwapBytes(elements, payload.swapped_bytes);
}

void ExtentCheckpoint::DoReadStored(std::size_t tensor, std::uint64_t offset,
                                    std::span<std::byte> bytes) const {
  for (const Extent& extent : payloads_[tensor].extents) {
    if (offset < extent.length && !bytes.empty()) {
      const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), extent.length - offset));
      file_->ReadAt(extent.offset + offset, part);
      bytes = bytes.subspan(part.size());
      offset = 0;
    } else {
      offset -= std::min(offset, extent.length);
    }
  }
  assert(bytes.empty());
}

std::uint64_t ExtentCheckpoint::DoPayloadId(std::size_t tensor) const {
  // No two payloads share a byte without being one (CheckExtents). One without bytes is its own.
  for (const Extent& extent : payloads_[tensor].extents) {
    if (extent.length > 0) return extent.offset;
  }
  return file_->size() + tensor;
}

std::unique_ptr<Output> ExtentCheckpoint::DoBeginOutput(const OutputRequest& request) const {
  std::vector<Edit> edits;
  if (!request.provenance.empty()) edits = ProvenanceEdits(request.provenance);
  return std::make_unique<SplicedOutput>(file_, request, payloads_, tensors(), std::move(edits));
}

std::vector<FileIdentity> ExtentCheckpoint::DoFiles() const { return {file_->identity()}; }

void ExtentCheckpoint::DoCheckUnchanged() const {
  try {
    file_->CheckUnchanged();
  } catch (Error& error) {
    error.AddContext(path().string());
    throw;
  }
}

}  // namespace polyak
