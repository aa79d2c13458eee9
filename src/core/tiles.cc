#include "core/tiles.h"

#include <algorithm>
#include <cassert>

namespace polyak {
namespace {

std::uint64_t TilesAlong(std::uint64_t extent, std::uint64_t tile) noexcept {
  return extent / tile + (extent % tile != 0 ? 1 : 0);
}

}  // namespace

Tiles::Tiles(Coordinates shape, Coordinates tile) : shape_(shape), tile_(tile), count_(1) {
  assert(shape.size() == tile.size());
  for (std::size_t d = 0; d < shape_.size(); ++d) {
    assert(tile_[d] > 0);
    count_ *= TilesAlong(shape_[d], tile_[d]);
  }
}

Tiles Tiles::Ranges(std::uint64_t elements, std::uint64_t elements_per_tile) {
  return {Coordinates(1, elements), Coordinates(1, elements_per_tile)};
}

Tiles Tiles::Grid(std::span<const std::uint64_t> shape, std::span<const std::uint64_t> tile) {
  return {Coordinates(shape), Coordinates(tile)};
}

Box Tiles::BoxAt(std::uint64_t index) const {
  assert(index < count_);
  Box box{shape_, shape_};
  for (std::size_t d = shape_.size(); d-- > 0;) {
    const std::uint64_t along = TilesAlong(shape_[d], tile_[d]);
    box.start[d] = (index % along) * tile_[d];
    box.count[d] = std::min(tile_[d], shape_[d] - box.start[d]);
    index /= along;
  }
  return box;
}

}  // namespace polyak
