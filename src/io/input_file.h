// An input: a regular file, opened read-only and read by position. Many threads may read one
// file at once.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "core/file_identity.h"
#include "io/descriptor_cache.h"

namespace polyak {

// Which file is at this path, through links; nothing where there is none.
std::optional<FileIdentity> IdentityOf(const std::filesystem::path& path) noexcept;

class InputFile {
 public:
  // Never blocks, not even on a FIFO. Throws Error: kSystem where the file can't be opened,
  // kUnsupported where it isn't a regular file (without the path in front).
  static std::shared_ptr<const InputFile> Open(const std::filesystem::path& path);
  // A file of many: `open` gives a descriptor, now and whenever the cache has let go of the last
  // one; reading throws Error (kCorrupt) where that is another file. Throws as Open, and what
  // `open` throws.
  static std::shared_ptr<const InputFile> OpenOneOfMany(std::filesystem::path path,
                                                        std::shared_ptr<DescriptorCache> cache,
                                                        std::function<int()> open);

  // Of what is open already, by the name that errors give it.
  static std::shared_ptr<const InputFile> OfDescriptor(
      std::filesystem::path path, std::shared_ptr<const Descriptor> descriptor);

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::filesystem::path& path() const noexcept { return path_; }
  // As it was when opened.
  std::uint64_t size() const noexcept;
  FileIdentity identity() const noexcept;
  // The file isn't one of many.
  int descriptor() const noexcept { return own_->number(); }

  // Fills `bytes` from `offset` on. Throws Error: kCorrupt where the file ends before that,
  // kSystem where reading fails.
  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const;

  // As much of `bytes` as the file has from `offset` on; returns how many.
  std::size_t ReadUpTo(std::uint64_t offset, std::span<std::byte> bytes) const;

  // Throws Error (kCorrupt) where size or times are not what they were at Open.
  void CheckUnchanged() const;

 private:
  InputFile(std::filesystem::path path, std::shared_ptr<const Descriptor> descriptor);

  std::shared_ptr<const Descriptor> Lease() const;

  std::filesystem::path path_;
  std::shared_ptr<const Descriptor> own_;
  struct stat status_ {};
  // Of one of many, which has no descriptor of its own.
  std::shared_ptr<DescriptorCache> cache_;
  std::function<int()> open_;
};

}  // namespace polyak
