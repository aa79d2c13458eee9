#include "formats/hdf5/chunk_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/chunk_coding.h"
#include "formats/hdf5/chunk_rows.h"
#include "formats/hdf5/filter_names.h"

namespace polyak::hdf5 {
namespace {

using Kind = SpecialStorage::Kind;

// Shorter rows of chunks without filters are better read with all of the chunk.
constexpr std::uint64_t kLeastRowBytes = 16 << 10;
// Such rows, several of them one after the other, are read where they lie where the cache is too
// small; shorter ones only once.
constexpr std::uint64_t kLeastRowBytesInPlace = 512;
constexpr std::uint64_t kMostPieceBytes = 256 << 10;
constexpr std::uint64_t kMostBlockBytes = std::uint64_t{1} << 20;
// Of the cache, for a block.
constexpr std::uint64_t kBlocksInCache = 8;
// How far threads that work on one tensor are apart: the most bytes of the engine's jobs.
constexpr std::uint64_t kBytesBetweenThreads = std::uint64_t{4} << 20;

// What a thread keeps from one chunk to the next; it goes with the thread.
struct ThreadBuffers {
  GrowingBytes stored;
  GrowingBytes encoded;
  GrowingBytes block;  // or a piece of one
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

// What a thread takes for one chunk: it as written, in the other byte order; its stored bytes; what
// lies between its filters, at most two at a time.
std::uint64_t ScratchBytes(const ChunkedStorage& chunked) {
  const std::uint64_t coded_bytes = MostStoredBytes(chunked.filters, chunked.chunk_bytes);
  const std::uint64_t codings =
      NeedLibrary(chunked.filters) ? 1 : std::min<std::uint64_t>(2, chunked.filters.size());
  const std::uint64_t stored_bytes = chunked.filters.empty() ? 0 : coded_bytes;
  return 2 * chunked.chunk_bytes + stored_bytes + codings * coded_bytes;
}

// Reads the part, as read_at gives the chunk's bytes from an offset on.
template <class ReadAt>
void ReadPieces(std::span<const std::uint64_t> chunk_shape, const Box& box, const ChunkPart& part,
                std::size_t element_bytes, std::span<std::byte> elements, const ReadAt& read_at) {
  const std::uint64_t most_elements = std::max<std::uint64_t>(1, kMostPieceBytes / element_bytes);
  ForEachPiece(chunk_shape, part, most_elements, [&](const Box& piece, std::uint64_t in_chunk) {
    const auto bytes = Buffers().block.Get(ElementsIn(piece) * element_bytes);
    read_at(in_chunk * element_bytes, bytes);
    const ChunkPart as_chunk{0, piece.start, piece};
    ForEachRow(piece.count.span(), box, as_chunk,
               [&](std::uint64_t in_piece, std::uint64_t in_box, std::uint64_t count) {
                 std::memcpy(elements.data() + in_box * element_bytes,
                             bytes.data() + in_piece * element_bytes, count * element_bytes);
               });
  });
}

}  // namespace

ChunkReader::ChunkReader(const ReaderSource& source, std::shared_ptr<ChunkCache> cache,
                         std::shared_ptr<CodecHelper> codec)
    : source_(source), cache_(std::move(cache)), codec_(std::move(codec)) {}

void ChunkReader::Charge(OpenContext& context) const {
  if (cache_ == nullptr) return;
  cache_->AddReader();
  for (std::size_t i = 0; i < source_.storage.size(); ++i) {
    const SpecialStorage* special = source_.storage[i].special.get();
    const TensorInfo& info = source_.checkpoint.tensors()[i];
    if (special == nullptr || special->kind != Kind::kChunked || !info.unreadable.empty()) continue;
    if (NeedLibrary(special->chunked.filters)) codec_->Keep(context);
    if (!MayPassCache(i)) continue;
    context.index_budget.Charge(ChunkBlocks::MemoryBytes(special->chunked, BlockShape(i)));
  }
}

void ChunkReader::Rest() const {
  if (codec_ != nullptr) codec_->Stop();
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
    // The chunk that it read a part of last; a block.
    std::uint64_t kept_bytes =
        chunked.chunk_bytes <= cache_->capacity_bytes() ? chunked.chunk_bytes : 0;
    if (MayPassCache(tensor)) kept_bytes += std::max(BlockBytes(tensor), kMostPieceBytes);
    needs.scratch_bytes = std::max(needs.scratch_bytes, ScratchBytes(chunked) + kept_bytes);
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
  if (elements.empty()) return;
  const ChunkedStorage& chunked = source_.storage[tensor].special->chunked;
  const OpenChunks open = OpenChunksOf(chunked.shape, chunked.chunk_shape, box);
  const bool passes_cache = PassesCache(tensor, open);
  const bool is_in_place = passes_cache && IsReadInPlace(tensor);
  if (open.in_band > 0 && !is_in_place && MayPassCache(tensor)) {
    if (ChunkBlocks* const blocks = BlocksFor(tensor, passes_cache)) {
      return ReadFromBlocks(tensor, *blocks, box, elements);
    }
  }
  ForEachChunk(chunked.shape, chunked.chunk_shape, box,
               [&](const ChunkPart& part) { ReadPart(tensor, box, part, is_in_place, elements); });
}

void ChunkReader::ReadPart(std::size_t tensor, const Box& box, const ChunkPart& part,
                           bool is_in_place, std::span<std::byte> elements) const {
  const SpecialStorage& special = *source_.storage[tensor].special;
  const ChunkedStorage& chunked = special.chunked;
  const std::size_t element_bytes = source_.checkpoint.tensors()[tensor].element_bytes;
  const ChunkPlace& place = chunked.chunks[part.number];
  const bool is_whole = IsWhole(part, chunked);
  if (is_whole && keeps_whole_chunks_.load(std::memory_order_relaxed)) {
    return CopyRows(chunked, box, part, element_bytes, WholeChunk(tensor, part.number), elements);
  }
  if (is_whole && IsAllOf(box, chunked)) return Decode(tensor, part.number, elements);
  const auto for_each_row = [&](const auto& visit) {
    ForEachRow(chunked.chunk_shape, box, part,
               [&](std::uint64_t in_chunk, std::uint64_t in_box, std::uint64_t count) {
                 visit(in_chunk * element_bytes,
                       elements.subspan(in_box * element_bytes, count * element_bytes));
               });
  };
  if (place.bytes == 0) {
    return for_each_row([&](auto, std::span<std::byte> row) { Repeat(special.fill, row); });
  }
  const auto read_at = [&](std::uint64_t in_chunk, std::span<std::byte> bytes) {
    FileOf(tensor).ReadAt(place.offset + in_chunk, bytes);
  };
  if (chunked.filters.empty() && BytesOfRow(chunked, box, part, element_bytes) >= kLeastRowBytes) {
    return for_each_row(read_at);
  }
  if (is_whole) {
    // All that there is of it is wanted now: it needs no place in the cache.
    const auto chunk = Buffers().encoded.Get(chunked.chunk_bytes);
    Decode(tensor, part.number, chunk);
    return CopyRows(chunked, box, part, element_bytes, chunk, elements);
  }
  if (is_in_place) {
    return ReadPieces(chunked.chunk_shape, box, part, element_bytes, elements, read_at);
  }
  CopyRows(chunked, box, part, element_bytes, PartlyWanted(tensor, part.number), elements);
}

void ChunkReader::ReadFromBlocks(std::size_t tensor, ChunkBlocks& blocks, const Box& box,
                                 std::span<std::byte> elements) const {
  const ChunkedStorage& chunked = source_.storage[tensor].special->chunked;
  const std::size_t element_bytes = source_.checkpoint.tensors()[tensor].element_bytes;
  BlockFile& file = cache_->block_file();
  const ChunkBlocks::Fill fill = [&](const Box& block, std::uint64_t place) {
    const auto bytes = Buffers().block.Get(ElementsIn(block) * element_bytes);
    ForEachChunk(chunked.shape, chunked.chunk_shape, block,
                 [&](const ChunkPart& part) { ReadPart(tensor, block, part, false, bytes); });
    file.Write(place, bytes);
  };
  // First what nobody else works on: the rest is there by then.
  ForEachChunk(chunked.shape, blocks.shape(), box,
               [&](const ChunkPart& part) { blocks.Prepare(part.number, fill); });
  ForEachChunk(chunked.shape, blocks.shape(), box, [&](const ChunkPart& part) {
    blocks.Use(part.number, ElementsIn(part.box), fill, [&](std::uint64_t place) {
      ReadPieces(blocks.BoxOf(part.number).count.span(), box, part, element_bytes, elements,
                 [&](std::uint64_t in_block, std::span<std::byte> bytes) {
                   file.Read(place + in_block, bytes);
                 });
    });
  });
}

bool ChunkReader::MayPassCache(std::size_t tensor) const {
  const ChunkedStorage& chunked = source_.storage[tensor].special->chunked;
  return !chunked.chunks.empty() &&
         chunked.chunk_bytes > cache_->share_bytes() / chunked.chunks.size();
}

bool ChunkReader::PassesCache(std::size_t tensor, const OpenChunks& open) const {
  if (open.in_band == 0) return false;
  static const std::uint64_t threads = std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t band_bytes =
      open.in_band * source_.storage[tensor].special->chunked.chunk_bytes;
  // A band of one chunk needs no cache: each thread keeps the one that it is at.
  const std::uint64_t apart =
      open.in_band == 1 ? 1 : std::min(threads, threads * kBytesBetweenThreads / band_bytes + 1);
  return std::min(open.all_bands, open.bands + apart) > cache_->share_bytes() / band_bytes;
}

bool ChunkReader::IsReadInPlace(std::size_t tensor) const {
  const ChunkedStorage& chunked = source_.storage[tensor].special->chunked;
  if (!chunked.filters.empty()) return false;
  return chunked.chunk_bytes > cache_->capacity_bytes() ||
         chunked.chunk_shape.back() >=
             kLeastRowBytesInPlace / source_.checkpoint.tensors()[tensor].element_bytes;
}

std::vector<std::uint64_t> ChunkReader::BlockShape(std::size_t tensor) const {
  return ChunkBlocks::ShapeFor(
      source_.storage[tensor].special->chunked, source_.checkpoint.tensors()[tensor].element_bytes,
      std::min(kMostBlockBytes, cache_->capacity_bytes() / kBlocksInCache));
}

std::uint64_t ChunkReader::BlockBytes(std::size_t tensor) const {
  std::uint64_t bytes = source_.checkpoint.tensors()[tensor].element_bytes;
  for (const std::uint64_t elements : BlockShape(tensor)) bytes *= elements;
  return bytes;
}

ChunkBlocks* ChunkReader::BlocksFor(std::size_t tensor, bool passes_cache) const {
  const SpecialStorage* const special = source_.storage[tensor].special.get();
  const MutexLock lock(mutex_);
  const auto found = blocks_.find(special);
  if (found != blocks_.end()) return found->second.get();
  if (!passes_cache) return nullptr;
  auto blocks = std::make_unique<ChunkBlocks>(special->chunked, BlockShape(tensor),
                                              source_.checkpoint.tensors()[tensor].element_bytes,
                                              cache_->block_file());
  return blocks_.emplace(special, std::move(blocks)).first->second.get();
}

std::span<const std::byte> ChunkReader::PartlyWanted(std::size_t tensor,
                                                     std::uint64_t number) const {
  const std::shared_ptr<const SpecialStorage>& special = source_.storage[tensor].special;
  std::shared_ptr<DecodedChunk>& last = Buffers().partly;
  if (last == nullptr || !last->Is(special.get(), number)) {
    last = nullptr;  // what it keeps may be needed for the next one
    last = cache_->Get(special, number);
  }
  return last->Elements([&](std::span<std::byte> elements) { Decode(tensor, number, elements); });
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
