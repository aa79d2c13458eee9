#include "chunk_list.h"

#include <fmt/format.h>

#include "descriptor_driver.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

bool LeavesPartialUnfiltered(hid_t dataset) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  unsigned options = 0;
  Checked(H5Pget_chunk_opts(creation.id(), &options));
  return (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
}

}  // namespace

ChunkList::ChunkList(hid_t dataset, const ChunkGrid& grid)
    : dataset_(dataset),
      grid_(grid),
      leaves_partial_unfiltered_(LeavesPartialUnfiltered(dataset)) {}

std::uint64_t ChunkList::Count() const {
  // Its own space: H5S_ALL is an error to library 1.10.8.
  const Handle space(H5Dget_space(dataset_), H5Sclose);
  hsize_t count = 0;
  Checked(H5Dget_num_chunks(dataset_, space.id(), &count));
  return count;
}

StoredChunk ChunkList::Find(const ChunkOrigin& origin) const {
  ElementsNote note;
  std::uint32_t mask = 0;
  if (H5Dread_chunk(dataset_, H5P_DEFAULT, origin.data(), &mask, memory_.data()) < 0) {
    // As for one that was never written; Count tells whether it is that.
    return {};
  }
  const FilePlace place = note.Take();
  if (place.length > kMostBytesOfChunk) {
    throw Failure(wire::Failure::DAMAGED,
                  fmt::format("one of its chunks has {} bytes", place.length));
  }
  if (leaves_partial_unfiltered_ && grid_.IsPartial(origin)) mask = ~std::uint32_t{0};
  return {place.begin, static_cast<std::uint32_t>(place.length), mask};
}

void ChunkList::ForEach(const std::function<void(const StoredChunk&)>& visit) const {
  const std::uint64_t expected = Count();
  std::uint64_t found = 0;
  ChunkOrigin origin = grid_.OriginOf(0);
  for (std::uint64_t place = 0; place < grid_.places(); ++place) {
    const StoredChunk chunk = Find(origin);
    if (chunk.bytes != 0) ++found;
    visit(chunk);
    grid_.Advance(origin);
  }
  if (found != expected) {
    throw Failure(wire::Failure::DAMAGED,
                  fmt::format("{} of its {} chunks can't be found", expected - found, expected));
  }
}

}  // namespace polyak::hdf5
