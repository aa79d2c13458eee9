// An input: a regular file, opened read-only and read by position. Many threads may read one
// file at once. The descriptor lives as long as the object.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "core/checkpoint.h"

namespace polyak {

// Which file is at this path, through links; nothing where there is none.
std::optional<FileIdentity> IdentityOf(const std::filesystem::path& path) noexcept;

class InputFile {
 public:
  // Never blocks, not even on a FIFO. Throws Error: kSystem where the file can't be opened,
  // kUnsupported where it isn't a regular file (without the path in front).
  static std::shared_ptr<const InputFile> Open(const std::filesystem::path& path);

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::filesystem::path& path() const noexcept { return path_; }
  // As it was when opened.
  std::uint64_t size() const noexcept;
  FileIdentity identity() const noexcept;
  int descriptor() const noexcept { return descriptor_; }

  // Fills `bytes` from `offset` on. Throws Error: kCorrupt where the file ends before that,
  // kSystem where reading fails.
  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const;

  // As much of `bytes` as the file has from `offset` on; returns how many.
  std::size_t ReadUpTo(std::uint64_t offset, std::span<std::byte> bytes) const;

  // Throws Error (kCorrupt) where size or times are not what they were at Open.
  void CheckUnchanged() const;

 private:
  InputFile(std::filesystem::path path, int descriptor, const struct stat& status);

  std::filesystem::path path_;
  int descriptor_;
  struct stat status_;
};

}  // namespace polyak
