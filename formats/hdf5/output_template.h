// What of a checkpoint its outputs need. The checkpoint owns it, and outlives them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "core/tensor.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/storage.h"
#include "io/extents.h"

namespace polyak::hdf5 {

class ChunkReader;

// For starting one.
struct HelperSettings {
  std::filesystem::path program;  // empty: looked for
  std::uint64_t memory_bytes = 0;
};

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
