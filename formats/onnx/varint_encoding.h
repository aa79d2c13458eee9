// New elements for a payload of varints. Their encoding has no fixed size, so it is made before the
// output is laid out.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/onnx/varint_payload.h"
#include "io/deferred_output.h"
#include "io/output_layout.h"
#include "io/spill_file.h"

namespace polyak::onnx_format {

// Encodes payloads one after the other into a spill file. An element that is what the template has
// keeps the template's bytes, however long they are; the others are as short as they can be. Not
// shared between threads; everything it is given must outlive it.
class VarintEncoding {
 public:
  // What it writes goes to `end` of the spill file and further on; as a source of the output the
  // file will have the number `source`.
  VarintEncoding(const InputFile& model, const SpillFile& spill, std::uint64_t end,
                 std::uint32_t source);

  // The tensor's new elements, of two bytes each, lie at `elements_at` in the spill file. Adds an
  // edit for each run. Throws Error (kSystem, kCorrupt).
  void Encode(const VarintPayload& payload, std::uint64_t elements_at, std::vector<Edit>& edits);

 private:
  void Append(const VarintCursor::Varint& old, std::uint64_t value);
  void AppendAsItLies(std::uint64_t value, const Extent& extent);
  void Flush();

  const InputFile& model_;
  const SpillFile& spill_;
  std::uint64_t end_;
  std::uint32_t source_;
  std::string buffer_;
};

}  // namespace polyak::onnx_format
