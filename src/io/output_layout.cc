#include "io/output_layout.h"

#include <cassert>
#include <utility>

namespace polyak {

void FileLayout::Copy(std::uint32_t source, const Extent& extent) {
  if (extent.length == 0) return;
  copied_.push_back({size_, source, extent});
  size_ += extent.length;
}

void FileLayout::Insert(std::string bytes) {
  if (bytes.empty()) return;
  const std::uint64_t offset = size_;
  size_ += bytes.size();
  if (!literals_.empty() && literals_.back().offset + literals_.back().bytes.size() == offset) {
    literals_.back().bytes += bytes;
  } else {
    literals_.push_back({offset, std::move(bytes)});
  }
}

void FileLayout::SkipTo(std::uint64_t offset) {
  assert(offset >= size_);
  size_ = offset;
}

void FileLayout::CopyEdited(std::uint32_t source, std::uint64_t source_bytes,
                            std::vector<Edit> edits) {
  std::uint64_t position = 0;
  for (Edit& edit : edits) {
    assert(edit.offset >= position);
    Copy(source, {position, edit.offset - position});
    if (edit.record_at != std::string::npos) record_offset_ = size_ + edit.record_at;
    Insert(std::move(edit.inserted));
    Copy(edit.source, edit.copied);
    position = edit.offset + edit.removed;
  }
  Copy(source, {position, source_bytes - position});
}

}  // namespace polyak
