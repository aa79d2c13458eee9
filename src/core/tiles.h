// How the elements of a tensor are cut into tiles: a regular grid of boxes in row-major order,
// the last ones along a dimension cut off at its end. Plain storage is a grid over the flattened
// tensor (ranges of rows); chunked storage is the grid of its chunks.
// A value; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "core/box.h"

namespace polyak {

class Tiles {
 public:
  // Ranges of `elements_per_tile` (at least 1) of a tensor of `elements` elements.
  static Tiles Ranges(std::uint64_t elements, std::uint64_t elements_per_tile);
  // Boxes of shape `tile` (every count at least 1) of a tensor of shape `shape`.
  static Tiles Grid(std::span<const std::uint64_t> shape, std::span<const std::uint64_t> tile);

  std::uint64_t count() const noexcept { return count_; }
  // The tile number `index` in row-major order of the grid; index < count().
  Box BoxAt(std::uint64_t index) const;

 private:
  Tiles(Coordinates shape, Coordinates tile);

  Coordinates shape_;
  Coordinates tile_;
  std::uint64_t count_ = 0;
};

}  // namespace polyak
