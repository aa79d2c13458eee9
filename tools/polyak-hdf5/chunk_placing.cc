#include "chunk_placing.h"

#include <algorithm>
#include <utility>

#include "descriptor_driver.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

// On average.
constexpr std::uint64_t kLargeChunkBytes = 4096;

// Whether a dataset can be shrunk to nothing and grown again without the library writing elements.
bool CanBeEmptied(hid_t dataset) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  H5D_alloc_time_t time = H5D_ALLOC_TIME_ERROR;
  Checked(H5Pget_alloc_time(creation.id(), &time));
  unsigned options = 0;
  Checked(H5Pget_chunk_opts(creation.id(), &options));
  H5D_chunk_index_t index = H5D_CHUNK_IDX_BTREE;
  Checked(H5Dget_chunk_index_type(dataset, &index));
  // Library 1.10.8 goes on to use the place of a single chunk that has gone.
  return time != H5D_ALLOC_TIME_EARLY && options == 0 && index != H5D_CHUNK_IDX_SINGLE;
}

void EmptyIfPossible(ChangingDataset& dataset) {
  if (!CanBeEmptied(dataset.id())) return;
  const ObjectClock clock = dataset.Clock();
  const auto& dims = dataset.described().dims();
  std::vector<hsize_t> extent(dims.begin(), dims.end());
  const hsize_t rows = std::exchange(extent.at(0), 0);
  Checked(H5Dset_extent(dataset.id(), extent.data()));
  extent[0] = rows;
  Checked(H5Dset_extent(dataset.id(), extent.data()));
}

}  // namespace

bool AreLarge(const wire::Rewrite& wanted) {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  for (const wire::ChunkedWrite& write : wanted.chunked()) {
    chunks += static_cast<std::uint64_t>(write.bytes_size());
    for (const std::uint32_t chunk_bytes : write.bytes()) bytes += chunk_bytes;
  }
  return chunks != 0 && bytes / kLargeChunkBytes >= chunks;
}

ChunkPlacing::ChunkPlacing(hid_t file, const wire::Rewrite& wanted) : file_(file) {
  TakeOrders(wanted);
  Empty(wanted);
}

void ChunkPlacing::TakeOrders(const wire::Rewrite& wanted) {
  for (const wire::ChunkedWrite& write : wanted.chunked()) {
    if (datasets_.empty() || datasets_.back() != write.object_address()) {
      datasets_.push_back(write.object_address());
    }
    TakeOrder(datasets_.size() - 1, write);
  }
  open_.resize(datasets_.size());
}

void ChunkPlacing::TakeOrder(std::size_t dataset, const wire::ChunkedWrite& write) {
  if (write.bytes_size() != write.chunks_size() || write.masks_size() != write.chunks_size()) {
    throw Failure(wire::Failure::SYSTEM, "polyak's lists of chunks differ in length");
  }
  for (int i = 0; i < write.chunks_size(); ++i) {
    if (write.bytes(i) == 0) throw NotAsPlanned();
    chunks_.push_back({.dataset = dataset,
                       .place = write.chunks(i),
                       .bytes = write.bytes(i),
                       .mask = write.masks(i),
                       .position = chunks_.size()});
  }
}

void ChunkPlacing::Empty(const wire::Rewrite& wanted) {
  haddr_t emptied = HADDR_UNDEF;
  for (const wire::ChunkedWrite& write : wanted.chunked()) {
    if (!write.replaces_all() || write.object_address() == emptied) continue;
    emptied = write.object_address();
    ChangingDataset dataset(file_, emptied, wire::Dataset::CHUNKED);
    EmptyIfPossible(dataset);
    dataset.Close();
  }
}

std::vector<std::uint64_t> ChunkPlacing::Run(ChunkOrder order) {
  std::vector<std::uint64_t> places(chunks_.size());
  if (order == ChunkOrder::kLargestFirst) {
    GiveRoomBack();
    std::ranges::stable_sort(chunks_, std::ranges::greater{}, &WantedChunk::bytes);
  }
  for (const WantedChunk& chunk : chunks_) places[chunk.position] = Place(chunk);
  CloseAll();
  return places;
}

// The filtered chunks become as short as can be. Where the dataset has been emptied, its index is
// built thereby, in its order.
void ChunkPlacing::GiveRoomBack() {
  for (const WantedChunk& chunk : chunks_) {
    if (Opened(chunk.dataset).dataset.described().filters_size() != 0) {
      Write(chunk, LengthBetween(chunk));
    }
  }
}

// One that the chunk isn't to have.
std::uint32_t ChunkPlacing::LengthBetween(const WantedChunk& chunk) {
  return chunk.bytes == 1 ? 2 : 1;
}

std::uint64_t ChunkPlacing::Place(const WantedChunk& chunk) {
  const OpenDataset& open = Opened(chunk.dataset);
  if (chunk.place >= open.grid.places()) throw NotAsPlanned();
  hsize_t bytes = 0;
  const bool is_stored =
      H5Dget_chunk_storage_size(open.dataset.id(), open.grid.OriginOf(chunk.place).data(),
                                &bytes) >= 0;
  // Library 1.10.8 leaves the mask of a chunk that keeps its length as it was.
  if (is_stored && bytes == chunk.bytes && open.dataset.described().filters_size() != 0) {
    Write(chunk, LengthBetween(chunk));
  }
  return Write(chunk, chunk.bytes);
}

ChunkPlacing::OpenDataset& ChunkPlacing::Opened(std::size_t dataset) {
  if (open_[dataset] == nullptr) {
    open_[dataset] = std::make_unique<OpenDataset>(file_, datasets_[dataset]);
  }
  return *open_[dataset];
}

void ChunkPlacing::CloseAll() {
  for (std::unique_ptr<OpenDataset>& open : open_) {
    if (open != nullptr) open->dataset.Close();
    open.reset();
  }
}

std::uint64_t ChunkPlacing::Write(const WantedChunk& chunk, std::uint32_t bytes) {
  const OpenDataset& open = Opened(chunk.dataset);
  if (chunk.place >= open.grid.places()) throw NotAsPlanned();
  const ObjectClock clock = open.dataset.Clock();
  ElementsNote note;
  Checked(H5Dwrite_chunk(open.dataset.id(), H5P_DEFAULT, chunk.mask,
                         open.grid.OriginOf(chunk.place).data(), bytes, any_elements_.data()));
  const FilePlace place = note.Take();
  if (place.length != bytes) throw NotAsPlanned();
  return place.begin;
}

}  // namespace polyak::hdf5
