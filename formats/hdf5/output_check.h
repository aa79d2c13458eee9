// The last look at an image that was changed: whether it can be read, and says what was planned.
#pragma once

#include <cstdint>

#include "core/format.h"
#include "formats/hdf5/image_changes.h"
#include "formats/hdf5/output_template.h"

namespace polyak::hdf5 {

// Indexes the image that begins at `begin` of `file`, and holds the index against the template's
// with the changes. Throws Error: kCorrupt where they differ, and as IndexImage.
void CheckOutputImage(const OutputTemplate& source, std::uint32_t image,
                      const ImageChanges& changes, const ChangedImage& changed,
                      const InputFile& file, std::uint64_t begin, OpenContext& context);

}  // namespace polyak::hdf5
