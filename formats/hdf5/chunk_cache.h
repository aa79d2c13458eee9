// Decoded chunks of which only a part was wanted: the next read often wants another part. What
// doesn't fit is in a file.
#pragma once

#include <algorithm>
#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "core/format.h"
#include "core/mutex.h"
#include "formats/hdf5/chunk_blocks.h"
#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// The elements of one chunk, in the file's byte order. Filled once, by the first thread that needs
// them; others wait for it.
class DecodedChunk {
 public:
  using Fill = std::function<void(std::span<std::byte> elements)>;

  DecodedChunk(std::shared_ptr<const SpecialStorage> special, std::uint64_t number);

  // Throws what `fill` throws; the next caller tries again.
  std::span<const std::byte> Elements(const Fill& fill);
  bool Is(const SpecialStorage* special, std::uint64_t number) const noexcept {
    return special_.get() == special && number_ == number;
  }
  std::uint64_t bytes() const noexcept { return special_->chunked.chunk_bytes; }

 private:
  // Kept, so that no other storage gets its address while this is there.
  std::shared_ptr<const SpecialStorage> special_;
  std::uint64_t number_;
  std::atomic<bool> is_filled_ = false;
  Mutex mutex_;  // held by who fills it
  std::unique_ptr<std::byte[]> memory_;
};

// The chunks used last, of all files of a run. Any thread.
class ChunkCache {
 public:
  // The one that the context keeps; takes its room from the index budget.
  static std::shared_ptr<ChunkCache> Of(OpenContext& context);

  ChunkCache(std::uint64_t capacity_bytes, std::filesystem::path temporary_folder)
      : capacity_bytes_(capacity_bytes), block_file_(std::move(temporary_folder)) {}

  // Makes room for one that isn't there. A chunk that is larger than the cache isn't kept.
  std::shared_ptr<DecodedChunk> Get(const std::shared_ptr<const SpecialStorage>& special,
                                    std::uint64_t number);

  // One more checkpoint will be read by it, at the same time as the others.
  void AddReader() noexcept { ++readers_; }
  std::uint64_t capacity_bytes() const noexcept { return capacity_bytes_; }
  // What each of the checkpoints can count on.
  std::uint64_t share_bytes() const noexcept {
    return capacity_bytes_ / std::max<std::uint64_t>(1, readers_);
  }
  BlockFile& block_file() noexcept { return block_file_; }

 private:
  using Key = std::pair<const SpecialStorage*, std::uint64_t>;
  using Used = std::list<Key>;
  struct Entry {
    std::shared_ptr<DecodedChunk> chunk;
    Used::iterator used;
  };

  const std::uint64_t capacity_bytes_;
  std::atomic<std::uint64_t> readers_ = 0;
  BlockFile block_file_;
  Mutex mutex_;  // guards which chunks there are, and in which order they were used
  std::uint64_t bytes_ POLYAK_GUARDED_BY(mutex_) = 0;
  Used used_ POLYAK_GUARDED_BY(mutex_);  // the last one first
  std::map<Key, Entry> entries_ POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak::hdf5
