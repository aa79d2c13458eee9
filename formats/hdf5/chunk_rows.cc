#include "formats/hdf5/chunk_rows.h"

#include <algorithm>
#include <cstring>

namespace polyak::hdf5 {

bool IsWhole(const ChunkPart& part, const ChunkedStorage& chunked) {
  for (std::size_t d = 0; d < chunked.shape.size(); ++d) {
    if (part.box.start[d] != part.origin[d]) return false;
    if (part.box.count[d] != std::min(chunked.chunk_shape[d], chunked.shape[d] - part.origin[d])) {
      return false;
    }
  }
  return true;
}

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

}  // namespace polyak::hdf5
