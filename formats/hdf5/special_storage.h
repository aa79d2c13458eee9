// How a dataset is stored that isn't one run of bytes, from the helper's answer: what its
// description says first, then its chunks or values, as they come.
// All functions throw Error (kCorrupt) where the answer makes no sense. Not shared between threads.
#pragma once

#include <span>

#include "formats/hdf5/dataset.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// Sets what is missing of a dataset that has elements of a fixed size and is chunked, compact or
// never written.
void BeginSpecial(const wire::Dataset& dataset, DatasetTensor& tensor);

// Some more of its chunks. They are kept only where `keep` says so.
void AddChunks(const wire::Chunks& chunks, const Image& image, bool keep, DatasetTensor& tensor);

// All elements of a compact one.
void SetValues(std::span<const char> values, DatasetTensor& tensor);

// When all of it is there.
void FinishSpecial(DatasetTensor& tensor);

// Throws Error (kCorrupt) where chunks share bytes with one another or with payloads that are runs.
// Chunks of one special storage under several names count once. storage[i] is that of tensors[i].
void CheckChunks(std::span<const TensorStorage> storage, std::span<const TensorInfo> tensors,
                 std::span<const Image> images);

}  // namespace polyak::hdf5
