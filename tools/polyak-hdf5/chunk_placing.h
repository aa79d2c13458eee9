// New places for chunks that have changed their sizes.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "changing_dataset.h"
#include "chunk_grid.h"
#include "formats/hdf5/index.pb.h"
#include "reserved_memory.h"

namespace polyak::hdf5 {

// Leaves little room unused between the chunks: first all old ones give theirs back, so that it is
// whole again; then the largest chunks choose first, and the library gives each the smallest room
// that is enough.
class ChunkPlacing {
 public:
  // Throws Failure where what is wanted doesn't fit the file.
  ChunkPlacing(hid_t file, const wire::Rewrite& wanted);

  // Returns where the chunks went, in the order of the request. Throws Failure.
  std::vector<std::uint64_t> Run();

 private:
  struct WantedChunk {
    std::size_t dataset;
    std::uint64_t place;
    std::uint32_t bytes;
    std::uint32_t mask;
    std::size_t position;  // in the request
  };
  struct OpenDataset {
    OpenDataset(hid_t file, haddr_t address)
        : dataset(file, address, wire::Dataset::CHUNKED), grid(dataset.described()) {}
    ChangingDataset dataset;
    ChunkGrid grid;
  };

  void Empty(const wire::Rewrite& wanted);
  void TakeOrders(const wire::Rewrite& wanted);
  void TakeOrder(std::size_t dataset, const wire::ChunkedWrite& write);
  bool AreLarge() const;
  void GiveRoomBack();
  OpenDataset& Opened(std::size_t dataset);
  void CloseAll();
  std::uint64_t Write(const WantedChunk& chunk, std::uint32_t bytes);

  hid_t file_;
  std::vector<haddr_t> datasets_;
  std::vector<std::unique_ptr<OpenDataset>> open_;  // by number; null: closed
  std::vector<WantedChunk> chunks_;
  ReservedMemory any_elements_{std::numeric_limits<std::uint32_t>::max()};
};

}  // namespace polyak::hdf5
