// One dataset of the helper's answer, checked and put in polyak's terms.
#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// A dataset of which more follows may be as yet unreadable, or have no stored_bytes.
struct DatasetTensor {
  TensorInfo info;
  TensorStorage storage;  // no runs where there are no elements, or none that can be read
  // What `storage` gets when all of it is there: one that isn't a run of bytes, its chunks or
  // values missing. Null: there is none.
  std::shared_ptr<SpecialStorage> special;
  std::uint64_t chunks_to_come = 0;
  bool values_to_come = false;
};

// Checks the message as hostile input: name, rank, sizes, and that the extent's numbers agree with
// one another. That extents lie inside the file is checked here and in special_storage.h, that they
// lie apart from each other by CheckExtents and CheckChunks. Throws Error (kCorrupt) with the
// dataset's name in front. Any thread.
DatasetTensor TranslateDataset(const wire::Dataset& dataset, const Image& image);

}  // namespace polyak::hdf5
