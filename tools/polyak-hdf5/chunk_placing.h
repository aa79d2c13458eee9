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

enum class ChunkOrder {
  kAsAsked,       // best for the index
  kLargestFirst,  // for the room: the library gives each the smallest room that is enough
};

// Whether kLargestFirst is worth trying: what is left between small chunks doesn't matter.
bool AreLarge(const wire::Rewrite& wanted);

// Leaves little room unused between the chunks: first all old ones give theirs back, as far as that
// can be, so that it is whole again.
class ChunkPlacing {
 public:
  // Throws Failure where what is wanted doesn't fit the file.
  ChunkPlacing(hid_t file, const wire::Rewrite& wanted);

  // Returns where the chunks went, in the order of the request. Throws Failure.
  std::vector<std::uint64_t> Run(ChunkOrder order);

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
  void GiveRoomBack();
  OpenDataset& Opened(std::size_t dataset);
  void CloseAll();
  static std::uint32_t LengthBetween(const WantedChunk& chunk);
  std::uint64_t Place(const WantedChunk& chunk);
  std::uint64_t Write(const WantedChunk& chunk, std::uint32_t bytes);

  hid_t file_;
  std::vector<haddr_t> datasets_;
  std::vector<std::unique_ptr<OpenDataset>> open_;  // by number; null: closed
  std::vector<WantedChunk> chunks_;
  ReservedMemory any_elements_{std::numeric_limits<std::uint32_t>::max()};
};

}  // namespace polyak::hdf5
