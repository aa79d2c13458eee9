// A checked cursor over a file: the one place where the bytes of a file's structure (not its
// payloads) are read. It reads through a small window, so that walking an index touches little of
// the file and holds nothing of it. Not shared between threads; the file must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/input_file.h"

namespace polyak {

class ByteReader {
 public:
  explicit ByteReader(const InputFile& file) : file_(file) {}

  const InputFile& file() const noexcept { return file_; }
  std::uint64_t position() const noexcept { return position_; }
  // Any position; one past the end fails at the next read.
  void Seek(std::uint64_t position) noexcept { position_ = position; }

  // The next byte. Throws Error (kCorrupt) at `end` or at the end of the file.
  std::uint8_t TakeByte(std::uint64_t end);
  // As many of the bytes up to `end` as are at hand, at least one; they are there until the next
  // call. Throws as TakeByte.
  std::span<const std::byte> TakeSome(std::uint64_t end);
  // The next `count` bytes as text. Throws Error (kCorrupt) where they pass `end` or the end of
  // the file (before anything is allocated).
  std::string TakeText(std::uint64_t count, std::uint64_t end);

 private:
  void CheckInside(std::uint64_t end) const;
  void Fill();
  // True where the window holds the next `count` bytes.
  bool IsInWindow(std::uint64_t count) const noexcept;

  const InputFile& file_;
  std::uint64_t position_ = 0;
  std::uint64_t window_start_ = 0;
  std::vector<std::byte> window_;
};

}  // namespace polyak
