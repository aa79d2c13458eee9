#include "io/byte_reader.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace polyak {
namespace {

// Payloads are skipped, so after a jump little is read; where the structure is dense (many small
// tensors) larger windows save calls.
constexpr std::size_t kWindowAfterJumpBytes = 4096;
constexpr std::size_t kWindowInSequenceBytes = 65536;

}  // namespace

std::uint8_t ByteReader::TakeByte(std::uint64_t end) {
  if (position_ >= end || position_ >= file_.size()) {
    throw Error(ErrorKind::kCorrupt, "the file is cut off or damaged (at byte " +
                                         std::to_string(std::min(position_, file_.size())) + ")");
  }
  if (!InWindow(position_)) Fill();
  return static_cast<std::uint8_t>(window_[position_++ - window_start_]);
}

std::string ByteReader::TakeText(std::uint64_t count, std::uint64_t end) {
  const std::uint64_t limit = std::min(end, file_.size());
  if (position_ > limit || count > limit - position_) {
    throw Error(ErrorKind::kCorrupt, "a text of " + std::to_string(count) +
                                         " bytes doesn't fit where it stands (at byte " +
                                         std::to_string(position_) + ")");
  }
  if (count == 0) return {};
  std::string text(count, '\0');
  if (!InWindow(position_) && count <= kWindowAfterJumpBytes) Fill();
  if (InWindow(position_) && InWindow(position_ + count - 1)) {
    std::memcpy(text.data(), window_.data() + (position_ - window_start_), count);
  } else {
    file_.ReadAt(position_, std::as_writable_bytes(std::span(text)));
  }
  position_ += count;
  return text;
}

bool ByteReader::InWindow(std::uint64_t position) const noexcept {
  return position >= window_start_ && position - window_start_ < window_.size();
}

void ByteReader::Fill() {
  const std::uint64_t window_end = window_start_ + window_.size();
  const bool in_sequence =
      position_ >= window_end && position_ - window_end < kWindowInSequenceBytes;
  const std::size_t wanted = in_sequence ? kWindowInSequenceBytes : kWindowAfterJumpBytes;
  window_.resize(std::min<std::uint64_t>(wanted, file_.size() - position_));
  window_start_ = position_;
  file_.ReadAt(position_, window_);
}

}  // namespace polyak
