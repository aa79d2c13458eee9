// What an output's image is to have otherwise than the template's, beyond payloads that are written
// over: sizes and places of chunks, storage for what was never written, compact values, the record.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/helper_process.h"

namespace polyak::hdf5 {

struct NewChunk {
  std::uint64_t number = 0;  // row-major over the grid of chunks
  std::uint32_t bytes = 0;   // as stored
  std::uint32_t mask = 0;    // bit i: the filter number i was skipped
};

struct ChunkedChange {
  std::uint64_t object_address = 0;
  // These are all chunks that the dataset will have; else they join those that it has.
  bool replaces_all = false;
  std::vector<NewChunk> chunks;  // ascending
};

struct Allocation {
  std::uint64_t object_address = 0;
  std::uint64_t bytes = 0;
};

struct CompactChange {
  std::uint64_t object_address = 0;
  std::vector<std::byte> values;
};

struct ImageChanges {
  std::vector<ChunkedChange> chunked;
  std::vector<Allocation> allocated;
  std::vector<CompactChange> compact;
  std::string record;  // empty: none is to be put there

  bool empty() const noexcept {
    return chunked.empty() && allocated.empty() && compact.empty() && record.empty();
  }
};

// Where everything went, counted from the start of the image.
struct ChangedImage {
  std::vector<std::uint64_t> chunks;     // of all datasets, in the order of the changes
  std::vector<std::uint64_t> allocated;  // likewise
  std::uint64_t bytes = 0;               // of the image now
};

// The image with which the changes are worked out, and what must stay as it is.
struct ImageToChange {
  int descriptor = -1;
  Image image;
  // Extents of payloads that stay where they are, from the start of the image: none empty, none
  // twice.
  std::span<const Extent> untouchable;
};

using OnPatch = std::function<void(std::uint64_t offset, std::span<const std::byte> bytes)>;

// Has the helper work out the changes. Calls on_patch for each run of bytes of the image that is
// another one then, payloads aside; offsets count from the start of the image. All is checked
// before: places and patches lie inside the new image and touch neither one another nor what must
// stay. Throws Error: what HelperProcess throws, and kCorrupt where the answer is wrong.
ChangedImage WorkOutChanges(HelperProcess& helper, const ImageToChange& image,
                            const ImageChanges& changes, const std::atomic<bool>* stop,
                            const OnPatch& on_patch);

}  // namespace polyak::hdf5
