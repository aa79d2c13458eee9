// Coding of one chunk by a dataset's filters, in memory: deflate, shuffle, fletcher32, lzf.
//
// A chunk is stored as its elements went through the filters in their order; bit i of its mask
// says that the filter number i was left out.
//
// Supported: the filters above in any order, several times too, with any mask. Encoding depends on
//   the elements and the filters only (and on libdeflate's version): no time, thread or machine.
// Not here: what only the HDF5 library can apply (NeedLibrary), what nobody can (WhyNotCodable).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// Memory that grows to the largest size asked for, uninitialised.
class GrowingBytes {
 public:
  // What was in there is lost where it grows.
  std::span<std::byte> Get(std::size_t bytes);

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
};

// What lies between one filter and the next. Not shared between threads.
struct CodingBuffers {
  GrowingBytes first;
  GrowingBytes second;
};

// The mask of a chunk that went through none of its filters.
constexpr std::uint32_t MaskOfAll(std::size_t filters) noexcept {
  return filters >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << filters) - 1;
}

// The most bytes that a chunk of chunk_bytes can take behind all the filters: what is larger isn't
// a chunk of theirs.
std::uint64_t MostStoredBytes(std::span<const Filter> filters, std::uint64_t chunk_bytes) noexcept;

// `elements` has the size of the chunk's elements, which come in the file's byte order. Throws
// Error (kCorrupt) where what is stored doesn't give exactly those, kUnsupported where a filter
// isn't one of ours.
void DecodeChunk(std::span<const Filter> filters, std::uint32_t mask,
                 std::span<const std::byte> stored, std::span<std::byte> elements,
                 CodingBuffers& buffers);

struct EncodedChunk {
  std::span<const std::byte> bytes;  // in the buffers, or the elements themselves
  std::uint32_t mask = 0;            // optional filters that brought nothing
};

// The elements are in the file's byte order. Throws Error (kUnsupported) where a filter isn't one
// of ours or has parameters that make no sense.
EncodedChunk EncodeChunk(std::span<const Filter> filters, std::span<const std::byte> elements,
                         CodingBuffers& buffers);

}  // namespace polyak::hdf5
