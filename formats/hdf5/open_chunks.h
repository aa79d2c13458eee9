// Which chunks must be kept while a dataset is read in boxes other than its chunks. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "core/box.h"

namespace polyak::hdf5 {

// What is read again: chunks that boxes such as one, one after the other in row-major order, take
// in parts.
struct OpenChunks {
  std::uint64_t in_band = 0;  // between one such box and the next one in the same chunk; 0: none
  std::uint64_t bands = 0;    // that the box touches
  std::uint64_t all_bands = 0;
};

// The box isn't empty and has the shape's rank.
OpenChunks OpenChunksOf(std::span<const std::uint64_t> shape,
                        std::span<const std::uint64_t> chunk_shape, const Box& box) noexcept;

}  // namespace polyak::hdf5
