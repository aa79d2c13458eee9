// Where the payloads of an image's tensors lie, and how they are stored. Values; offsets are
// counted from the start of the file that holds the image, elements are as the file has them (its
// byte order) unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "formats/hdf5/hdf5_format.h"
#include "io/payload.h"

namespace polyak::hdf5 {

// A step of coding a chunk. https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/
// RegisteredFilterPlugins.md lists the numbers.
struct Filter {
  std::uint32_t number = 0;
  bool is_optional = false;  // where it brings nothing, it may be skipped
  std::vector<std::uint32_t> values;

  bool operator==(const Filter&) const = default;
};

struct ChunkPlace {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;  // as stored; 0: never written
  std::uint32_t mask = 0;   // bit i: the filter number i was skipped

  bool operator==(const ChunkPlace&) const = default;
};

// A dataset in chunks: boxes of one shape, the last ones along a dimension reaching over its end.
struct ChunkedStorage {
  std::vector<std::uint64_t> shape;        // the dataset's
  std::vector<std::uint64_t> chunk_shape;  // of the same rank, no zeros
  std::uint64_t chunk_bytes = 0;           // of a chunk's elements, without filters; 0: not known
  std::vector<Filter> filters;             // in the order of writing
  std::vector<ChunkPlace> chunks;          // row-major over the grid of chunks

  bool operator==(const ChunkedStorage&) const = default;
};

// What is not one run of bytes.
struct SpecialStorage {
  enum class Kind : std::uint8_t {
    kChunked,
    kCompact,    // inside the structure
    kUnwritten,  // contiguous, but never written: all elements are the fill value
  };
  Kind kind = Kind::kUnwritten;
  // One element; empty where all is written, or where what isn't has no value (then the tensor is
  // unreadable).
  std::vector<std::byte> fill;
  std::vector<std::byte> values;  // all elements of a compact dataset
  ChunkedStorage chunked;

  bool operator==(const SpecialStorage&) const = default;
};

struct TensorStorage {
  // Contiguous: its run. Chunked without filters: its chunks are not in here. swapped_bytes holds
  // for every kind.
  Payload payload;
  std::uint32_t image = 0;                        // number in the checkpoint's images
  std::uint64_t object_address = 0;               // in the image; names of one dataset have one
  std::shared_ptr<const SpecialStorage> special;  // null: contiguous, or nothing at all
};

class StorageList {
 public:
  std::vector<TensorStorage> tensors;  // by tensor
};

}  // namespace polyak::hdf5
