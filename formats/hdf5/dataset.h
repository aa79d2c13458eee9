// One dataset of the helper's answer, checked and put in polyak's terms.
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/storage.h"
#include "io/extents.h"

namespace polyak::hdf5 {

struct DatasetTensor {
  TensorInfo info;
  TensorStorage storage;  // no extents where there are no elements, or none that can be read
};

// Checks the message as hostile input: name, rank, sizes, and that the extent's numbers agree with
// one another. That extents lie inside the file and apart from each other is CheckExtents' work.
// Throws Error (kCorrupt) with the dataset's name in front. Any thread.
DatasetTensor TranslateDataset(const wire::Dataset& dataset, const Image& image);

}  // namespace polyak::hdf5
