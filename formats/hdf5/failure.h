// What the helper couldn't do.
#pragma once

#include "core/error.h"
#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// The failure of an answer as an error. Any thread.
Error ErrorOf(const wire::Failure& failure);

}  // namespace polyak::hdf5
