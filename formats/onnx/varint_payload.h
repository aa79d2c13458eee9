// Elements stored as varints (int32_data, int64_data, uint64_data): to find one, all before it must
// be passed. A sparse table of positions, made once, bounds that to a block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "formats/onnx/wire.h"
#include "io/byte_reader.h"
#include "io/input_file.h"
#include "io/payload.h"

namespace polyak::onnx_format {

// Varints one after the other: the content of a packed field, or whole unpacked fields, each varint
// behind its tag.
struct VarintRun {
  Extent extent;
  bool has_tags = false;
};

// Adds what a field of repeated varints has, packed or not, to the last run where it continues that
// one. A field of another wire type adds nothing.
void AppendVarints(const Field& field, std::vector<VarintRun>& runs);

// Steps through the varints of several runs. Not shared between threads.
class VarintCursor {
 public:
  struct Varint {
    std::uint64_t value = 0;
    Extent extent;  // its own bytes
    std::optional<std::uint64_t> tag;
    Extent tag_extent;
  };

  // Begins in the given run, at a varint (or its tag). The runs and the file must outlive it.
  VarintCursor(const InputFile& file, std::span<const VarintRun> runs, std::size_t run,
               std::uint64_t offset);
  // At the first one.
  VarintCursor(const InputFile& file, std::span<const VarintRun> runs);

  // Nothing after the last. Throws Error (kCorrupt).
  std::optional<Varint> Next();
  // Where Next() will look.
  std::size_t run() const noexcept { return run_; }
  std::uint64_t offset() const noexcept { return bytes_.position(); }

 private:
  ByteReader bytes_;
  std::span<const VarintRun> runs_;
  std::size_t run_;
};

// Immutable; any thread.
class VarintPayload {
 public:
  // Reads all of them once, through a small window. `most_value` is the largest that an element may
  // have. Throws Error (kCorrupt) where the runs don't hold exactly `elements` varints, or a larger
  // one.
  VarintPayload(const InputFile& file, std::vector<VarintRun> runs, std::uint64_t elements,
                std::uint32_t element_bytes, std::uint64_t most_value);

  // Elements from `first` on: the low element_bytes of each varint, in native order.
  void Read(const InputFile& file, std::uint64_t first, std::span<std::byte> elements) const;
  std::span<const VarintRun> runs() const noexcept { return runs_; }

 private:
  struct Mark {
    std::size_t run;
    std::uint64_t offset;  // in the file
  };

  std::vector<VarintRun> runs_;
  std::uint32_t element_bytes_;
  std::vector<Mark> marks_;  // where every kBlockElements-th element begins
};

}  // namespace polyak::onnx_format
