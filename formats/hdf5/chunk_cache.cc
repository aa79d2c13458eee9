#include "formats/hdf5/chunk_cache.h"

#include <algorithm>

namespace polyak::hdf5 {
namespace {

constexpr const char* kContextKey = "hdf5 chunks";
// Of what indexes may have: the rest is for them.
constexpr std::uint64_t kShareOfBudget = 8;
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

}  // namespace

DecodedChunk::DecodedChunk(std::shared_ptr<const SpecialStorage> special, std::uint64_t number)
    : special_(std::move(special)), number_(number) {}

std::span<const std::byte> DecodedChunk::Elements(const Fill& fill) {
  if (!is_filled_.load(std::memory_order_acquire)) {
    const MutexLock lock(mutex_);
    if (!is_filled_.load(std::memory_order_relaxed)) {
      if (memory_ == nullptr) memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes());
      fill({memory_.get(), bytes()});
      is_filled_.store(true, std::memory_order_release);
    }
  }
  return {memory_.get(), bytes()};
}

std::shared_ptr<ChunkCache> ChunkCache::Of(OpenContext& context) {
  return context.per_run->Of<ChunkCache>(kContextKey, [&context] {
    const std::uint64_t capacity =
        std::min(kMostBytes, context.index_budget.limit_bytes() / kShareOfBudget);
    context.index_budget.ChargeShared(capacity);
    return std::make_shared<ChunkCache>(capacity, context.temporary_folder);
  });
}

std::shared_ptr<DecodedChunk> ChunkCache::Get(const std::shared_ptr<const SpecialStorage>& special,
                                              std::uint64_t number) {
  const std::uint64_t bytes = special->chunked.chunk_bytes;
  if (bytes > capacity_bytes_) return std::make_shared<DecodedChunk>(special, number);
  const Key key(special.get(), number);
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    used_.splice(used_.begin(), used_, found->second.used);
    return found->second.chunk;
  }
  while (bytes_ + bytes > capacity_bytes_) {
    const auto oldest = entries_.find(used_.back());
    bytes_ -= oldest->second.chunk->bytes();
    entries_.erase(oldest);
    used_.pop_back();
  }
  used_.push_front(key);
  bytes_ += bytes;
  return entries_
      .emplace(key, Entry{std::make_shared<DecodedChunk>(special, number), used_.begin()})
      .first->second.chunk;
}

}  // namespace polyak::hdf5
