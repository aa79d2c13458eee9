// The last look at an image that was changed: whether it can be read, and says what was planned.
#pragma once

#include <atomic>
#include <cstdint>

#include "formats/hdf5/image_changes.h"
#include "formats/hdf5/output_template.h"

namespace polyak::hdf5 {

// Indexes the image that begins at `begin` of `file`, and holds the index against the template's
// with the changes. Throws Error: kCorrupt where they differ, and as IndexImage.
void CheckOutputImage(const OutputTemplate& source, std::uint32_t image,
                      const ImageChanges& changes, const ChangedImage& changed,
                      const InputFile& file, std::uint64_t begin, const std::atomic<bool>* stop);

}  // namespace polyak::hdf5
