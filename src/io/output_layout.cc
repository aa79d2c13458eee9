#include "io/output_layout.h"

#include <cassert>
#include <utility>

#include "io/byte_reader.h"

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

void FileLayout::CopyEdited(std::uint32_t source, const InputFile& file, std::span<Edit> edits,
                            std::span<const Extent> slots) {
  constexpr std::uint64_t kShortBytes = 256;
  ByteReader bytes(file);
  auto slot = slots.begin();
  std::uint64_t position = 0;
  for (Edit& edit : edits) {
    assert(edit.offset >= position);
    while (slot != slots.end() && slot->end() <= position) ++slot;
    const bool has_slot = slot != slots.end() && slot->offset < edit.offset;
    const Extent gap{position, edit.offset - position};
    if (has_slot || gap.length > kShortBytes) {
      Copy(source, gap);
    } else {
      bytes.Seek(gap.offset);
      Insert(bytes.TakeText(gap.length, gap.end()));
    }
    if (edit.record_at != std::string::npos) record_offset_ = size_ + edit.record_at;
    Insert(std::exchange(edit.inserted, {}));
    Copy(edit.source, edit.copied);
    position = edit.offset + edit.removed;
  }
  Copy(source, {position, file.size() - position});
}

}  // namespace polyak
