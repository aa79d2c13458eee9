#include "io/byte_reader.h"

#include <algorithm>

#include "core/error.h"

namespace polyak {
namespace {

// Payloads are skipped, so after a jump little is read; where the structure is dense (many small
// tensors) larger windows save calls.
constexpr std::size_t kWindowAfterJumpBytes = 4096;
constexpr std::size_t kWindowInSequenceBytes = 65536;

}  // namespace

void ByteReader::CheckInside(std::uint64_t end) const {
  if (position_ < end && position_ < file_.size()) return;
  throw Error(ErrorKind::kCorrupt, "the file is cut off or damaged (at byte " +
                                       std::to_string(std::min(position_, file_.size())) + ")");
}

std::uint8_t ByteReader::TakeByte(std::uint64_t end) {
  CheckInside(end);
  if (!IsInWindow(1)) Fill();
  return static_cast<std::uint8_t>(window_[position_++ - window_start_]);
}

std::span<const std::byte> ByteReader::TakeSome(std::uint64_t end) {
  CheckInside(end);
  if (!IsInWindow(1)) Fill();
  const std::span<const std::byte> held = std::span(window_).subspan(position_ - window_start_);
  const auto some = held.first(std::min<std::uint64_t>(held.size(), end - position_));
  position_ += some.size();
  return some;
}

std::string ByteReader::TakeText(std::uint64_t count, std::uint64_t end) {
  const std::uint64_t limit = std::min(end, file_.size());
  if (position_ > limit || count > limit - position_) {
    throw Error(ErrorKind::kCorrupt, "a text of " + std::to_string(count) +
                                         " bytes doesn't fit where it stands (at byte " +
                                         std::to_string(position_) + ")");
  }
  std::string text(count, '\0');
  const auto bytes = std::as_writable_bytes(std::span(text));
  // Names are many and short: most lie in the window, or will when it has moved.
  if (count > 0 && !IsInWindow(count) && count <= kWindowAfterJumpBytes) Fill();
  if (IsInWindow(count)) {
    std::ranges::copy(std::span(window_).subspan(position_ - window_start_, count), bytes.begin());
  } else {
    file_.ReadAt(position_, bytes);
  }
  position_ += count;
  return text;
}

bool ByteReader::IsInWindow(std::uint64_t count) const noexcept {
  return position_ >= window_start_ && position_ - window_start_ <= window_.size() &&
         count <= window_.size() - (position_ - window_start_);
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
