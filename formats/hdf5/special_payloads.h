// The new elements of an output's tensors that are no run of bytes: in chunks, inside the
// structure, or never written in the template. What has its place already is written there at once;
// the rest waits, encoded, in a spill file until it is known where it goes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/box.h"
#include "core/output.h"
#include "formats/hdf5/image_changes.h"
#include "formats/hdf5/output_template.h"
#include "io/spill_file.h"

namespace polyak::hdf5 {

// Bytes that are to be copied into an image.
struct ImagePiece {
  const InputFile* source = nullptr;
  std::uint64_t source_offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // from the start of the image
};

// What is left to do to an image when all elements are written.
struct ImageWork {
  ImageChanges changes;
  // In the order of the changes' chunks, and of its allocations; where they go is not known yet.
  std::vector<ImagePiece> chunks;
  std::vector<ImagePiece> allocated;
  // Chunks of their old sizes, which go where they were.
  std::vector<ImagePiece> in_place;
};

// Write may be called from any thread on disjoint boxes; the others when nothing is under way.
// All throw Error (kSystem), and what reading the template throws.
class SpecialPayloads {
 public:
  // Writes bytes over those of a chunk that stays where it is; offset in the template's file.
  using WriteInPlace = std::function<void(std::uint32_t file, std::uint64_t offset,
                                          std::span<const std::byte> bytes)>;

  // `tensors` are those of the request that have special storage, ascending. What `source` refers
  // to must outlive it.
  SpecialPayloads(const OutputTemplate& source, std::span<const std::size_t> tensors,
                  const std::filesystem::path& output);

  bool Has(std::size_t tensor) const noexcept;
  Tiles TilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const;
  void Write(std::size_t tensor, const Box& box, std::span<const std::byte> elements,
             const WriteInPlace& write_in_place);

  // Throws Error (kSystem) while an element is missing.
  void CheckComplete() const;
  // The record is left out. The work refers to this object.
  ImageWork WorkFor(std::uint32_t image);

 private:
  // A chunk that isn't the template's: where it waits, and how it is stored. No bytes: it is.
  struct EncodedPlace {
    std::uint64_t spilled_at = 0;
    std::uint32_t bytes = 0;
    std::uint32_t mask = 0;
  };
  struct Special {
    std::size_t tensor = 0;
    const TensorStorage* storage = nullptr;
    std::vector<EncodedPlace> chunks;    // of a chunked dataset
    std::vector<std::byte> values;       // of a compact one
    std::uint64_t spilled_at = 0;        // of one that was never written: all elements
    std::atomic<bool> is_other = false;  // likewise: one of them isn't the fill value
  };

  // Its number in specials_, or where it would be.
  std::size_t Find(std::size_t tensor) const noexcept;
  void PlanChunks(const Special& special, ImageWork& work) const;
  void WriteChunk(Special& special, const Box& box, std::span<const std::byte> elements,
                  const WriteInPlace& write_in_place);

  OutputTemplate source_;
  SpillFile spill_;
  std::shared_ptr<const InputFile> spilled_;  // the same, to be read
  std::atomic<std::uint64_t> end_ = 0;        // of what is in the spill file
  std::deque<Special> specials_;              // by tensor; they don't move
  std::uint64_t expected_bytes_ = 0;
  std::atomic<std::uint64_t> written_bytes_ = 0;
};

}  // namespace polyak::hdf5
