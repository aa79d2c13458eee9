// Elements that a chunk and a box share, and how they lie in both. Pure functions; the part is one
// of the chunks that ForEachChunk visits for the box.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/box.h"
#include "formats/hdf5/chunk_box.h"
#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// All that the dataset has of the chunk lies in the box.
bool IsWhole(const ChunkPart& part, const ChunkedStorage& chunked);
// The elements of the box, in which a whole chunk lies, are those of the chunk one after the other.
bool IsAllOf(const Box& box, const ChunkedStorage& chunked);

// From the elements of the chunk to those of the box.
void CopyRows(const ChunkedStorage& chunked, const Box& box, const ChunkPart& part,
              std::size_t element_bytes, std::span<const std::byte> chunk,
              std::span<std::byte> elements);
// Of the runs of elements that follow one another in both.
std::uint64_t BytesOfRow(const ChunkedStorage& chunked, const Box& box, const ChunkPart& part,
                         std::size_t element_bytes);

}  // namespace polyak::hdf5
