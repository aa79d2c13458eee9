// Sharded weights as a checkpoint: an index, and the shards that it names.
#pragma once

#include <memory>

#include "core/checkpoint.h"
#include "core/format.h"
#include "io/input_file.h"

namespace polyak::keras {

// Whether it looks like an index that names HDF5 files. Throws Error (kSystem).
bool ProbeShards(const InputFile& file);
// Opens shards beside the index only (io/contained_files.h). Throws Error as Format::open does.
std::unique_ptr<Checkpoint> OpenShards(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::keras
