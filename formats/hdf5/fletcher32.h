// HDF5's fletcher32 filter: a checksum behind the bytes.
// https://github.com/HDFGroup/hdf5/blob/develop/src/H5checksum.c (H5_checksum_fletcher32)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace polyak::hdf5 {

inline constexpr std::size_t kFletcher32Bytes = 4;

// Over pairs of bytes, the first one the higher; an odd last byte is a pair with a zero.
std::uint32_t Fletcher32(std::span<const std::byte> bytes) noexcept;

// What versions up to 1.6.2 stored on little-endian machines, which is accepted, too: the bytes of
// each half swapped (H5Zfletcher32.c).
std::uint32_t OldFletcher32(std::uint32_t checksum) noexcept;

}  // namespace polyak::hdf5
