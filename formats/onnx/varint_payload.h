// Elements stored as packed varints (int32_data, int64_data, uint64_data): to find one, all
// before it must be passed. A sparse table of positions, made once, bounds that to a block.
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/extents.h"
#include "io/input_file.h"

namespace polyak::onnx_format {

class VarintPayload {
 public:
  // `runs` are the contents of the packed fields, in order. Reads them once, through a small
  // window. Throws Error (kCorrupt) where they don't hold exactly `elements` varints.
  VarintPayload(const InputFile& file, std::span<const Extent> runs, std::uint64_t elements,
                std::uint32_t element_bytes);

  // Elements [first, first + count): the low element_bytes of each varint, in native order.
  void Read(const InputFile& file, std::span<const Extent> runs, std::uint64_t first,
            std::span<std::byte> elements) const;

 private:
  struct Mark {
    std::size_t run;
    std::uint64_t offset;  // in the file
  };

  std::uint32_t element_bytes_;
  std::vector<Mark> marks_;  // where every kBlockElements-th element begins
};

}  // namespace polyak::onnx_format
