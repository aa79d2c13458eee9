// Where a dataset's chunks lie.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <limits>

#include "chunk_grid.h"
#include "reserved_memory.h"

namespace polyak::hdf5 {

struct StoredChunk {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;  // 0: it was never written
  std::uint32_t mask = 0;   // bit i: the filter number i was skipped
};

class ChunkList {
 public:
  // The dataset must be chunked, and stay open.
  ChunkList(hid_t dataset, const ChunkGrid& grid);

  // How many chunks the dataset has. Throws Failure.
  std::uint64_t Count() const;

  // Calls visit for each place of the grid, row-major. Throws Failure where a chunk can't be found
  // that there is. Takes a time linear in the number of places: H5Dget_chunk_info would take one
  // that is square.
  void ForEach(const std::function<void(const StoredChunk&)>& visit) const;

 private:
  StoredChunk Find(const ChunkOrigin& origin) const;

  static constexpr std::size_t kMostBytesOfChunk = std::numeric_limits<std::uint32_t>::max();

  hid_t dataset_;
  const ChunkGrid& grid_;
  bool leaves_partial_unfiltered_;
  ReservedMemory memory_{kMostBytesOfChunk};
};

}  // namespace polyak::hdf5
