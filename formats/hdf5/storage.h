// Where the payloads of an image's tensors lie.
#pragma once

#include <vector>

#include "formats/hdf5/hdf5_format.h"
#include "io/payload.h"

namespace polyak::hdf5 {

class StorageList {
 public:
  // By tensor; offsets are counted from the start of the file.
  std::vector<Payload> payloads;
};

}  // namespace polyak::hdf5
