// A dataset's grid of chunks.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// Where a chunk begins, in elements of each dimension.
using ChunkOrigin = std::vector<hsize_t>;

class ChunkGrid {
 public:
  // Of a dataset that is CHUNKED. Throws Failure (DAMAGED) where its chunks can't be.
  explicit ChunkGrid(const wire::Dataset& dataset);

  // How many places there are for chunks; a number that no file can fill if they can't be counted.
  std::uint64_t places() const noexcept { return places_; }

  // Of a place in the grid, row-major; it must be one.
  ChunkOrigin OriginOf(std::uint64_t place) const;
  // From one place to the next.
  void Advance(ChunkOrigin& origin) const noexcept;
  // Whether a part of the chunk lies behind the dataset's end.
  bool IsPartial(const ChunkOrigin& origin) const noexcept;

 private:
  std::vector<hsize_t> dims_;
  std::vector<hsize_t> chunk_dims_;
  std::uint64_t places_ = 1;
};

}  // namespace polyak::hdf5
