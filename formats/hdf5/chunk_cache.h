// Decoded chunks of which only a part was wanted: the next read often wants another part.
#pragma once

#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "core/format.h"
#include "core/mutex.h"
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

  explicit ChunkCache(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Makes room for one that isn't there. A chunk that is larger than the cache isn't kept.
  std::shared_ptr<DecodedChunk> Get(const std::shared_ptr<const SpecialStorage>& special,
                                    std::uint64_t number);

  std::uint64_t capacity_bytes() const noexcept { return capacity_bytes_; }

 private:
  using Key = std::pair<const SpecialStorage*, std::uint64_t>;
  using Used = std::list<Key>;
  struct Entry {
    std::shared_ptr<DecodedChunk> chunk;
    Used::iterator used;
  };

  const std::uint64_t capacity_bytes_;
  Mutex mutex_;  // guards which chunks there are, and in which order they were used
  std::uint64_t bytes_ POLYAK_GUARDED_BY(mutex_) = 0;
  Used used_ POLYAK_GUARDED_BY(mutex_);  // the last one first
  std::map<Key, Entry> entries_ POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak::hdf5
