#include "formats/hdf5/chunk_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/chunk_box.h"
#include "formats/hdf5/chunk_coding.h"
#include "formats/hdf5/filter_names.h"

namespace polyak::hdf5 {
namespace {

using Kind = SpecialStorage::Kind;

// Shorter rows of chunks without filters are better read with all of the chunk.
constexpr std::uint64_t kLeastRowBytes = 16 << 10;

// What a thread keeps from one chunk to the next; it goes with the thread.
struct ThreadBuffers {
  GrowingBytes stored;
  GrowingBytes encoded;
  CodingBuffers coding;
  std::shared_ptr<DecodedChunk> whole;   // the last one read whole, of a template
  std::shared_ptr<DecodedChunk> partly;  // the last one of which a part was read
};

ThreadBuffers& Buffers() {
  thread_local ThreadBuffers buffers;
  return buffers;
}

void Repeat(std::span<const std::byte> element, std::span<std::byte> bytes) {
  if (bytes.empty()) return;
  assert(!element.empty() && bytes.size() % element.size() == 0);
  std::memcpy(bytes.data(), element.data(), element.size());
  for (std::size_t done = element.size(); done < bytes.size();) {
    const std::size_t count = std::min(done, bytes.size() - done);
    std::memcpy(bytes.data() + done, bytes.data(), count);
    done += count;
  }
}

// What a thread takes for one chunk: it as read last, as written, in the other byte order; its
// stored bytes; what lies between its filters, at most two at a time.
std::uint64_t ScratchBytes(const ChunkedStorage& chunked) {
  const std::uint64_t coded_bytes = MostStoredBytes(chunked.filters, chunked.chunk_bytes);
  const std::uint64_t codings =
      NeedLibrary(chunked.filters) ? 1 : std::min<std::uint64_t>(2, chunked.filters.size());
  const std::uint64_t stored_bytes = chunked.filters.empty() ? 0 : coded_bytes;
  return 3 * chunked.chunk_bytes + stored_bytes + codings * coded_bytes;
}

bool IsWhole(const ChunkPart& part, const ChunkedStorage& chunked) {
  for (std::size_t d = 0; d < chunked.shape.size(); ++d) {
    if (part.box.start[d] != part.origin[d]) return false;
    if (part.box.count[d] != std::min(chunked.chunk_shape[d], chunked.shape[d] - part.origin[d])) {
      return false;
    }
  }
  return true;
}

// The box is a chunk that reaches over no edge: their elements are the same, in the same order.
bool IsAllOf(const Box& box, const ChunkedStorage& chunked) {
  for (std::size_t d = 0; d < chunked.chunk_shape.size(); ++d) {
    if (box.count[d] != chunked.chunk_shape[d]) return false;
    if (box.start[d] % chunked.chunk_shape[d] != 0) return false;
  }
  return true;
}

void CopyRows(const ChunkedStorage& chunked, const Box& box, const ChunkPart& part,
              std::size_t element_bytes, std::span<const std::byte> chunk,
              std::span<std::byte> elements) {
  ForEachRow(chunked.chunk_shape, box, part,
             [&](std::uint64_t in_chunk, std::uint64_t in_box, std::uint64_t count) {
               std::memcpy(elements.data() + in_box * element_bytes,
                           chunk.data() + in_chunk * element_bytes, count * element_bytes);
             });
}

std::uint64_t BytesOfRow(const ChunkedStorage& chunked, const Box& box, const ChunkPart& part,
                         std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (std::size_t d = chunked.shape.size(); d-- > 0;) {
    bytes *= part.box.count[d];
    if (part.box.count[d] != chunked.chunk_shape[d] || part.box.count[d] != box.count[d]) break;
  }
  return bytes;
}

}  // namespace

ChunkReader::ChunkReader(const ReaderSource& source, std::shared_ptr<ChunkCache> cache,
                         std::shared_ptr<CodecHelper> codec)
    : source_(source), cache_(std::move(cache)), codec_(std::move(codec)) {}

void ChunkReader::Charge(OpenContext& context) const {
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < source_.storage.size(); ++i) {
    const SpecialStorage* special = source_.storage[i].special.get();
    if (special == nullptr || !source_.checkpoint.tensors()[i].unreadable.empty()) continue;
    largest = std::max(largest, special->chunked.chunk_bytes);
  }
  // The last chunk that was too large for the cache.
  if (cache_ != nullptr && largest > cache_->capacity_bytes()) context.index_budget.Charge(largest);
}

WorkNeeds ChunkReader::NeedsOf(std::span<const std::size_t> tensors) const {
  WorkNeeds needs;
  for (const std::size_t tensor : tensors) {
    const SpecialStorage* special = source_.storage[tensor].special.get();
    if (special == nullptr || special->kind != Kind::kChunked) continue;
    if (!source_.checkpoint.tensors()[tensor].unreadable.empty()) continue;
    const ChunkedStorage& chunked = special->chunked;
    std::uint64_t tile_bytes = source_.checkpoint.tensors()[tensor].element_bytes;
    for (std::size_t d = 0; d < chunked.shape.size(); ++d) {
      tile_bytes *= std::min(chunked.shape[d], chunked.chunk_shape[d]);
    }
    needs.tile_bytes = std::max(needs.tile_bytes, tile_bytes);
    needs.is_coded = needs.is_coded || !chunked.filters.empty();
    if (NeedLibrary(chunked.filters)) needs.shared_bytes = codec_->memory_bytes();
    needs.scratch_bytes = std::max(needs.scratch_bytes, ScratchBytes(chunked));
  }
  return needs;
}

void ChunkReader::Read(std::size_t tensor, const Box& box, std::span<std::byte> elements) const {
  const TensorInfo& info = source_.checkpoint.tensors()[tensor];
  const TensorStorage& storage = source_.storage[tensor];
  if (storage.special->kind == Kind::kChunked && box.count.size() != info.shape.size()) {
    ForEachBoxOfRange(info.shape, box.start[0], box.count[0], [&](const Box& part) {
      const std::size_t bytes = ElementsIn(part) * info.element_bytes;
      ReadBox(tensor, part, elements.first(bytes));
      elements = elements.subspan(bytes);
    });
    return;
  }
  ReadBox(tensor, box, elements);
}

void ChunkReader::ReadBox(std::size_t tensor, const Box& box, std::span<std::byte> elements) const {
  const TensorInfo& info = source_.checkpoint.tensors()[tensor];
  const SpecialStorage& special = *source_.storage[tensor].special;
  switch (special.kind) {
    case Kind::kUnwritten: Repeat(special.fill, elements); break;
    case Kind::kCompact: {
      std::size_t done = 0;
      ForEachRun(info.shape, box, [&](std::uint64_t first, std::uint64_t count) {
        const std::size_t bytes = count * info.element_bytes;
        std::memcpy(elements.data() + done, special.values.data() + first * info.element_bytes,
                    bytes);
        done += bytes;
      });
      break;
    }
    case Kind::kChunked: ReadChunked(tensor, box, elements); break;
  }
  SwapBytes(elements, source_.storage[tensor].payload.swapped_bytes);
}

void ChunkReader::ReadChunked(std::size_t tensor, const Box& box,
                              std::span<std::byte> elements) const {
  const ChunkedStorage& chunked = source_.storage[tensor].special->chunked;
  const std::size_t element_bytes = source_.checkpoint.tensors()[tensor].element_bytes;
  const bool keeps_whole_chunks = keeps_whole_chunks_.load(std::memory_order_relaxed);
  ForEachChunk(chunked.shape, chunked.chunk_shape, box, [&](const ChunkPart& part) {
    const bool is_plain = chunked.filters.empty() && chunked.chunks[part.number].bytes > 0;
    const bool is_whole = IsWhole(part, chunked);
    if (is_whole && keeps_whole_chunks) {
      return CopyRows(chunked, box, part, element_bytes, WholeChunk(tensor, part.number), elements);
    }
    if (is_whole && IsAllOf(box, chunked)) return Decode(tensor, part.number, elements);
    const std::uint64_t row_bytes = BytesOfRow(chunked, box, part, element_bytes);
    if (is_plain &&
        (row_bytes >= kLeastRowBytes || chunked.chunk_bytes > cache_->capacity_bytes())) {
      const std::uint64_t offset = chunked.chunks[part.number].offset;
      return ForEachRow(chunked.chunk_shape, box, part,
                        [&](std::uint64_t in_chunk, std::uint64_t in_box, std::uint64_t count) {
                          FileOf(tensor).ReadAt(
                              offset + in_chunk * element_bytes,
                              elements.subspan(in_box * element_bytes, count * element_bytes));
                        });
    }
    if (is_whole) {
      // All that there is of it is wanted now: it needs no place in the cache.
      const auto chunk = Buffers().encoded.Get(chunked.chunk_bytes);
      Decode(tensor, part.number, chunk);
      return CopyRows(chunked, box, part, element_bytes, chunk, elements);
    }
    CopyRows(chunked, box, part, element_bytes, PartlyWanted(tensor, part.number), elements);
  });
}

std::span<const std::byte> ChunkReader::PartlyWanted(std::size_t tensor,
                                                     std::uint64_t number) const {
  const SpecialStorage* special = source_.storage[tensor].special.get();
  std::shared_ptr<DecodedChunk>& last = Buffers().partly;
  if (last == nullptr || !last->Is(special, number)) {
    last = nullptr;  // what it keeps may be needed for the next one
    last = Find(tensor, number);
  }
  return last->Elements([&](std::span<std::byte> elements) { Decode(tensor, number, elements); });
}

std::shared_ptr<DecodedChunk> ChunkReader::Find(std::size_t tensor, std::uint64_t number) const {
  const std::shared_ptr<const SpecialStorage>& special = source_.storage[tensor].special;
  if (special->chunked.chunk_bytes <= cache_->capacity_bytes()) {
    return cache_->Get(special, number);
  }
  const MutexLock lock(mutex_);
  if (large_ == nullptr || !large_->Is(special.get(), number)) {
    large_ = std::make_shared<DecodedChunk>(special, number);
  }
  return large_;
}

std::span<const std::byte> ChunkReader::WholeChunk(std::size_t tensor, std::uint64_t number) const {
  const std::shared_ptr<const SpecialStorage>& special = source_.storage[tensor].special;
  std::shared_ptr<DecodedChunk>& last = Buffers().whole;
  if (last == nullptr || !last->Is(special.get(), number)) {
    last = nullptr;
    last = std::make_shared<DecodedChunk>(special, number);
  }
  return last->Elements([&](std::span<std::byte> elements) { Decode(tensor, number, elements); });
}

void ChunkReader::Decode(std::size_t tensor, std::uint64_t number,
                         std::span<std::byte> elements) const {
  const SpecialStorage& special = *source_.storage[tensor].special;
  const ChunkedStorage& chunked = special.chunked;
  const ChunkPlace& place = chunked.chunks[number];
  if (place.bytes == 0) return Repeat(special.fill, elements);
  if (chunked.filters.empty()) return FileOf(tensor).ReadAt(place.offset, elements);
  try {
    const auto stored = Buffers().stored.Get(place.bytes);
    FileOf(tensor).ReadAt(place.offset, stored);
    if (NeedLibrary(chunked.filters)) {
      return codec_->Decode(DatasetOf(tensor), place.mask, stored, elements);
    }
    DecodeChunk(chunked.filters, place.mask, stored, elements, Buffers().coding);
  } catch (Error& error) {
    error.AddContext("chunk " + std::to_string(number));
    throw;
  }
}

CodedChunk ChunkReader::Encode(std::size_t tensor, std::span<const std::byte> elements) const {
  const std::vector<Filter>& filters = source_.storage[tensor].special->chunked.filters;
  if (!NeedLibrary(filters)) {
    const EncodedChunk chunk = EncodeChunk(filters, elements, Buffers().coding);
    return {chunk.bytes, chunk.mask};
  }
  const auto room = Buffers().encoded.Get(MostStoredBytes(filters, elements.size()));
  const CodecHelper::Encoded chunk = codec_->Encode(DatasetOf(tensor), elements, room);
  const std::span<const std::byte> stored = room.first(chunk.bytes);
  // Filters that keep a few digits only: what doesn't come back as it was goes without them.
  const auto decoded = Buffers().stored.Get(elements.size());
  codec_->Decode(DatasetOf(tensor), chunk.mask, stored, decoded);
  if (!std::ranges::equal(decoded, elements)) return {elements, MaskOfAll(filters.size())};
  return {stored, chunk.mask};
}

void ChunkReader::ReadStored(std::size_t tensor, std::uint64_t offset,
                             std::span<std::byte> bytes) const {
  const SpecialStorage& special = *source_.storage[tensor].special;
  if (special.kind == Kind::kCompact) {
    std::memcpy(bytes.data(), special.values.data() + offset, bytes.size());
    return;
  }
  // Whoever reads one part after the other goes on where this thread was.
  struct Cursor {
    std::shared_ptr<const SpecialStorage> special;
    std::size_t chunk = 0;
    std::uint64_t offset = 0;  // of the chunk among the stored bytes
  };
  thread_local Cursor at;
  if (at.special.get() != &special || at.offset > offset) {
    at = {source_.storage[tensor].special, 0, 0};
  }
  const std::vector<ChunkPlace>& chunks = special.chunked.chunks;
  while (!bytes.empty()) {
    assert(at.chunk < chunks.size());
    const ChunkPlace& chunk = chunks[at.chunk];
    if (offset - at.offset >= chunk.bytes) {
      at.offset += chunk.bytes;
      ++at.chunk;
      continue;
    }
    const std::uint64_t skipped = offset - at.offset;
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), chunk.bytes - skipped));
    FileOf(tensor).ReadAt(chunk.offset + skipped, part);
    bytes = bytes.subspan(part.size());
    offset += part.size();
  }
}

const InputFile& ChunkReader::FileOf(std::size_t tensor) const {
  return *source_.files[source_.images[source_.storage[tensor].image].file];
}

CodecHelper::Dataset ChunkReader::DatasetOf(std::size_t tensor) const {
  const TensorStorage& storage = source_.storage[tensor];
  return {FileOf(tensor), source_.images[storage.image], storage.object_address};
}

}  // namespace polyak::hdf5
