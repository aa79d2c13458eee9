#include "chunk_grid.h"

#include <limits>

#include "library.h"

namespace polyak::hdf5 {

ChunkGrid::ChunkGrid(const wire::Dataset& dataset)
    : dims_(dataset.dims().begin(), dataset.dims().end()),
      chunk_dims_(dataset.chunk_dims().begin(), dataset.chunk_dims().end()) {
  if (dims_.size() != chunk_dims_.size()) {
    throw Failure(wire::Failure::DAMAGED, "its chunks have another number of dimensions");
  }
  constexpr std::uint64_t kUncountable = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < dims_.size(); ++i) {
    if (chunk_dims_[i] == 0) throw Failure(wire::Failure::DAMAGED, "its chunks are empty");
    const std::uint64_t along = dims_[i] / chunk_dims_[i] + (dims_[i] % chunk_dims_[i] != 0);
    if (along != 0 && places_ > kUncountable / along) {
      places_ = kUncountable;
    } else {
      places_ *= along;
    }
  }
}

ChunkOrigin ChunkGrid::OriginOf(std::uint64_t place) const {
  ChunkOrigin origin(dims_.size());
  for (std::size_t i = dims_.size(); i-- > 0;) {
    const std::uint64_t along = dims_[i] / chunk_dims_[i] + (dims_[i] % chunk_dims_[i] != 0);
    origin[i] = place % along * chunk_dims_[i];
    place /= along;
  }
  return origin;
}

void ChunkGrid::Advance(ChunkOrigin& origin) const noexcept {
  for (std::size_t i = dims_.size(); i-- > 0;) {
    if (chunk_dims_[i] < dims_[i] - origin[i]) {
      origin[i] += chunk_dims_[i];
      return;
    }
    origin[i] = 0;
  }
}

bool ChunkGrid::IsPartial(const ChunkOrigin& origin) const noexcept {
  for (std::size_t i = 0; i < dims_.size(); ++i) {
    if (chunk_dims_[i] > dims_[i] - origin[i]) return true;
  }
  return false;
}

}  // namespace polyak::hdf5
