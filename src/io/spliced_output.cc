#include "io/spliced_output.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

// Large enough for the cost of a job to vanish, small enough for a stop to be noticed soon.
constexpr std::uint64_t kKeptPartBytes = std::uint64_t{4} << 20;

std::uint64_t SizeWith(std::uint64_t source_bytes, std::span<const Edit> edits) {
  std::uint64_t size = source_bytes;
  for (const Edit& edit : edits) size += edit.inserted.size() - edit.removed;
  return size;
}

std::uint64_t BytesInserted(std::span<const Edit> edits) {
  std::uint64_t bytes = 0;
  for (const Edit& edit : edits) bytes += edit.inserted.size();
  return bytes;
}

std::vector<Extent> LeftOut(std::span<const std::size_t> replaced,
                            std::span<const Payload> payloads, std::span<const Edit> edits) {
  std::vector<Extent> extents;
  for (const std::size_t tensor : replaced) {
    const auto& slots = payloads[tensor].extents;
    extents.insert(extents.end(), slots.begin(), slots.end());
  }
  for (const Edit& edit : edits) {
    if (edit.removed > 0) extents.push_back({edit.offset, edit.removed});
  }
  return extents;
}

}  // namespace

SplicedOutput::SplicedOutput(std::shared_ptr<const InputFile> source, const OutputRequest& request,
                             std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                             std::vector<Edit> edits)
    : source_(std::move(source)),
      payloads_(payloads),
      tensors_(tensors),
      edits_(std::move(edits)),
      size_(SizeWith(source_->size(), edits_)),
      expected_bytes_(size_ - BytesInserted(edits_)),
      stop_(request.stop),
      file_(request.path, size_, request.replace_existing) {
  LayOutKept(LeftOut(request.replaced, payloads_, edits_));
  WriteLiterals();
}

std::uint64_t SplicedOutput::OutputOffset(std::uint64_t source_offset) const noexcept {
  std::uint64_t offset = source_offset;
  for (const Edit& edit : edits_) {
    if (edit.offset + edit.removed > source_offset) break;
    offset += edit.inserted.size() - edit.removed;
  }
  return offset;
}

void SplicedOutput::LayOutKept(std::vector<Extent> left_out) {
  std::ranges::sort(left_out, {}, &Extent::offset);
  left_out.push_back({source_->size(), 0});
  // A piece ends where an edit inserts, too: what follows it lies further on.
  std::vector<std::uint64_t> insertions;
  for (const Edit& edit : edits_) insertions.push_back(edit.offset);

  std::uint64_t position = 0;
  auto insertion = insertions.begin();
  for (const Extent& gap : left_out) {
    while (position < gap.offset) {
      while (insertion != insertions.end() && *insertion <= position) ++insertion;
      std::uint64_t end = std::min(gap.offset, position + kKeptPartBytes);
      if (insertion != insertions.end()) end = std::min(end, *insertion);
      kept_.push_back({position, end - position});
      kept_bytes_ += end - position;
      position = end;
    }
    position = std::max(position, gap.end());
  }
}

void SplicedOutput::WriteLiterals() {
  std::uint64_t shift = 0;  // modulo 2^64: what the edits before this one add
  for (const Edit& edit : edits_) {
    file_.WriteAt(edit.offset + shift, std::as_bytes(std::span(edit.inserted)));
    shift += edit.inserted.size() - edit.removed;
  }
}

Tiles SplicedOutput::DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
  const TensorInfo& info = tensors_[tensor];
  return Tiles::Ranges(info.elements,
                       std::max<std::uint64_t>(1, bytes_wanted / info.element_bytes));
}

void SplicedOutput::DoWrite(std::size_t tensor, const Box& box,
                            std::span<const std::byte> elements) {
  const Payload& payload = payloads_[tensor];
  ForEachPiece(payload, tensors_[tensor], box,
               [&](std::uint64_t file_offset, std::uint64_t box_offset, std::uint64_t bytes) {
                 const auto piece = elements.subspan(box_offset, bytes);
                 if (payload.swapped_bytes > 1) {
                   WriteSwapped(OutputOffset(file_offset), piece, payload.swapped_bytes);
                 } else {
                   file_.WriteAt(OutputOffset(file_offset), piece);
                 }
               });
  written_bytes_ += elements.size();
}

void SplicedOutput::WriteSwapped(std::uint64_t offset, std::span<const std::byte> bytes,
                                 std::uint32_t group_bytes) {
  constexpr std::size_t kBufferBytes = 65536;  // a multiple of every group
  std::array<std::byte, kBufferBytes> buffer;
  while (!bytes.empty()) {
    const auto part = std::span(buffer).first(std::min(bytes.size(), kBufferBytes));
    std::ranges::copy(bytes.first(part.size()), part.begin());
    SwapBytes(part, group_bytes);
    file_.WriteAt(offset, part);
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
}

std::uint64_t SplicedOutput::DoWriteKept(std::size_t part) {
  const Kept& kept = kept_[part];
  file_.CopyFrom(*source_, kept.source_offset, OutputOffset(kept.source_offset), kept.length);
  written_bytes_ += kept.length;
  return kept.length;
}

Durability SplicedOutput::DoCommit(std::string_view provenance) {
  if (written_bytes_ != expected_bytes_) {
    throw Error(ErrorKind::kSystem, "the output is incomplete (found " +
                                        std::to_string(written_bytes_) + " bytes, expected " +
                                        std::to_string(expected_bytes_) + ")");
  }
  for (Edit& edit : edits_) {
    if (edit.record_at == std::string::npos) continue;
    assert(edit.record_at + provenance.size() <= edit.inserted.size());
    edit.inserted.replace(edit.record_at, provenance.size(), provenance);
  }
  WriteLiterals();
  return file_.Commit(stop_);
}

}  // namespace polyak
