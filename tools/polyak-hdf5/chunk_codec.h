// Filters of the library at work on single chunks in memory.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <memory>
#include <span>

#include "descriptor_driver.h"
#include "formats/hdf5/index.pb.h"
#include "library.h"

namespace polyak::hdf5 {

// A dataset of one chunk in a file that is only in memory, made like one in a real file. Each chunk
// gets a new dataset, which is opened again between writing and reading: library 1.10.8 goes on to
// use the mask that a chunk had before it was written.
class ChunkCodec {
 public:
  // Throws Failure, also where the library would set the filters otherwise than the file has them.
  explicit ChunkCodec(hid_t model);

  std::uint64_t element_bytes() const noexcept { return bytes_; }

  // Turns the chunk's stored bytes into its elements, or back. The room may be the same memory.
  // Throws Failure.
  wire::Coded Decode(std::span<const char> stored, std::uint32_t mask, std::span<char> room) const;
  wire::Coded Encode(std::span<const char> elements, std::span<char> room) const;

 private:
  Handle Create() const;
  Handle Open() const;

  wire::Dataset described_;
  Handle file_;
  Handle type_;
  Handle space_;
  Handle creation_;
  std::uint64_t bytes_;  // of the chunk's elements
};

// Codes one chunk in the memory of the descriptor. Codecs are kept from one request to the next.
// Throws Failure.
wire::Coded CodeChunk(const Image& image, int memory, const wire::Code& code);

}  // namespace polyak::hdf5
