// Reads and codes what of a checkpoint isn't one run of bytes: datasets in chunks, inside the
// structure, or never written.
//
// A read that takes a whole chunk decodes it straight to where it is wanted; one that takes a part
// decodes it into a cache, where the next one finds the rest. Where boxes one after the other cross
// more chunks than the cache has room for (columns of a large matrix), chunks are decoded once into
// blocks in a temporary file, and read from there; those without filters are read in parts where
// they lie, if their rows are long enough.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "core/box.h"
#include "core/checkpoint.h"
#include "core/mutex.h"
#include "formats/hdf5/chunk_blocks.h"
#include "formats/hdf5/chunk_box.h"
#include "formats/hdf5/chunk_cache.h"
#include "formats/hdf5/codec_helper.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/open_chunks.h"
#include "formats/hdf5/storage.h"
#include "io/extents.h"

namespace polyak::hdf5 {

struct CodedChunk {
  std::span<const std::byte> bytes;  // until this thread codes the next one
  std::uint32_t mask = 0;            // bit i: the filter number i was skipped
};

// What of a checkpoint is read here; it owns that, and outlives the reader.
struct ReaderSource {
  const InputFiles& files;
  const Checkpoint& checkpoint;            // whose tensors they are
  std::span<const TensorStorage> storage;  // by tensor
  std::span<const Image> images;
};

// Tensors are such as have special storage. Any thread. All functions throw Error: kCorrupt,
// kSystem, and what CodecHelper throws.
class ChunkReader {
 public:
  // Where no tensor is chunked, neither cache nor codec is needed.
  ChunkReader(const ReaderSource& source, std::shared_ptr<ChunkCache> cache,
              std::shared_ptr<CodecHelper> codec);

  // Charges the context's budget with what is kept for all threads together.
  void Charge(OpenContext& context) const;
  // As Checkpoint::NeedsOf, of tensors of any storage; writing included.
  WorkNeeds NeedsOf(std::span<const std::size_t> tensors) const;

  // As Checkpoint::Read and ReadStored.
  void Read(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;
  void ReadStored(std::size_t tensor, std::uint64_t offset, std::span<std::byte> bytes) const;

  // From now on each thread keeps the chunk that it read whole last: an output may want it.
  void KeepWholeChunks() const noexcept { keeps_whole_chunks_ = true; }
  // All elements of a chunk that was written, those past the tensor's edges too, in the file's byte
  // order. They stay until this thread reads the next chunk.
  std::span<const std::byte> WholeChunk(std::size_t tensor, std::uint64_t number) const;
  // Gives back what coding takes; it may go on afterwards. When nothing is read.
  void Rest() const;
  // Such elements through the dataset's filters. The result may be the elements themselves.
  CodedChunk Encode(std::size_t tensor, std::span<const std::byte> elements) const;

 private:
  void ReadBox(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;
  void ReadChunked(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;
  // What a box and a chunk have in common.
  void ReadPart(std::size_t tensor, const Box& box, const ChunkPart& part, bool is_in_place,
                std::span<std::byte> elements) const;
  void ReadFromBlocks(std::size_t tensor, ChunkBlocks& blocks, const Box& box,
                      std::span<std::byte> elements) const;
  // Some box may be too much for the cache.
  bool MayPassCache(std::size_t tensor) const;
  bool PassesCache(std::size_t tensor, const OpenChunks& open) const;
  bool IsReadInPlace(std::size_t tensor) const;
  std::vector<std::uint64_t> BlockShape(std::size_t tensor) const;
  std::uint64_t BlockBytes(std::size_t tensor) const;
  // Null: the cache will do.
  ChunkBlocks* BlocksFor(std::size_t tensor, bool passes_cache) const;
  // A chunk from its file.
  void Decode(std::size_t tensor, std::uint64_t number, std::span<std::byte> elements) const;
  std::span<const std::byte> PartlyWanted(std::size_t tensor, std::uint64_t number) const;
  const InputFile& FileOf(std::size_t tensor) const;
  CodecHelper::Dataset DatasetOf(std::size_t tensor) const;

  ReaderSource source_;
  std::shared_ptr<ChunkCache> cache_;
  std::shared_ptr<CodecHelper> codec_;
  mutable std::atomic<bool> keeps_whole_chunks_ = false;
  mutable Mutex mutex_;  // guards which datasets are read from blocks
  mutable std::map<const SpecialStorage*, std::unique_ptr<ChunkBlocks>> blocks_
      POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak::hdf5
