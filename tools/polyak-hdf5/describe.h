// A dataset as a message: what it is and where its bytes lie.
#pragma once

#include <hdf5.h>

#include <string>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// Reads no elements and no attributes. Throws Failure.
wire::Dataset Describe(hid_t dataset, const std::string& path);

}  // namespace polyak::hdf5
