// HDF5's shuffle filter: the first bytes of all elements, then all second ones, and so on. What is
// left behind the last whole element stays behind.
// https://github.com/HDFGroup/hdf5/blob/develop/src/H5Zshuffle.c
#pragma once

#include <cstddef>
#include <span>

namespace polyak::hdf5 {

// `from` and `to` have the same size and don't overlap; element_bytes is at least 1.
void Shuffle(std::span<const std::byte> from, std::size_t element_bytes,
             std::span<std::byte> to) noexcept;
void Unshuffle(std::span<const std::byte> from, std::size_t element_bytes,
               std::span<std::byte> to) noexcept;

}  // namespace polyak::hdf5
