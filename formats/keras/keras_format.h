// What Keras saves: .keras archives, sharded weights, and HDF5 by Keras's conventions.
//
// A .keras file is a zip archive with metadata.json (who wrote it), config.json (the model's
// layers), model.weights.h5 (all weights and optimizer variables, an HDF5 file), and perhaps
// assets. Keras stores its members as they are; then the weights are read and written in place.
// Sharded weights are a NAME.weights.json, whose weight_map says in which of NAME_00000.weights.h5,
// NAME_00001.weights.h5, ... a layer's variables are. A tensor's name is its path in the HDF5 file,
// the same in all of these and in a .weights.h5.
//
// Supported: zip64; members in any order; deflated weights (unpacked to a temporary file; the
//   output stores them). The provenance record is a member "polyak.json", of sharded weights an
//   attribute of the first shard.
// Refused: archives that are damaged, encrypted or on several disks, weights as model.weights.npz,
//   shards outside the folder of their index.
//
// What a tensor is for is told by conventions.h.
//
// Sources: keras/src/saving/saving_lib.py and keras/src/legacy/saving/legacy_h5_format.py of Keras
// 3; PKWARE's APPNOTE 6.3.10 for zip.
#pragma once

#include <filesystem>
#include <memory>

#include "core/checkpoint.h"
#include "core/format.h"
#include "io/input_file.h"

namespace polyak::keras {

// Whether it is an archive or an index of sharded weights. Any thread. Throws Error (kSystem) where
// reading fails.
bool Probe(const InputFile& file);

// Whether it is named as a shard of an index that lies beside it. Any thread.
bool IsShard(const std::filesystem::path& path);

// Throws Error as Format::open does.
std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context);

// An HDF5 file of whatever origin (hdf5::Probe); if it is Keras's, with roles and order. Throws as
// Open.
std::unique_ptr<Checkpoint> OpenHdf5(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::keras
