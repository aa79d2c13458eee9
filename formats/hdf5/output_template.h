// What of a checkpoint its outputs need. The checkpoint owns it, and outlives them.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/helper_settings.h"
#include "formats/hdf5/storage.h"
#include "io/extents.h"

namespace polyak::hdf5 {

class ChunkReader;

struct OutputTemplate {
  const InputFiles& files;
  std::span<const TensorInfo> tensors;
  std::span<const TensorStorage> storage;  // by tensor
  std::span<const Image> images;
  const Container& container;
  const ChunkReader& reader;
  const HelperSettings& helper;
};

}  // namespace polyak::hdf5
