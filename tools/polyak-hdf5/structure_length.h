// How long a piece of an HDF5 file's structure is, told by its first bytes.
#pragma once

#include <cstdint>
#include <span>

namespace polyak::hdf5 {

// For an object header (its first chunk) or a local heap, with its data where they follow it; else
// 16, which every structure has. `address` is counted as the file's own addresses are, from the
// superblock on. HDF5 File Format Specification 3.0, sections III.D and IV.A.1.
std::uint64_t StructureLength(std::span<const char> bytes, std::uint64_t address) noexcept;

}  // namespace polyak::hdf5
