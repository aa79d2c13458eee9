// A dataset as a message: what it is and where its bytes lie.
#pragma once

#include <hdf5.h>

#include <string>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// Reads no elements and no attributes; leaves out what depends on the chunks. `address` is that of
// the dataset's object. Throws Failure.
wire::Dataset Describe(hid_t dataset, const std::string& path, haddr_t address);

}  // namespace polyak::hdf5
