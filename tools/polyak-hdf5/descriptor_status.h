// What the system says of an open descriptor.
#pragma once

#include <sys/stat.h>

namespace polyak::hdf5 {

// As fstat does. The C library's own may be the call that looks at any path, too, which the helper
// isn't to have.
bool GetStatus(int descriptor, struct stat& status) noexcept;

}  // namespace polyak::hdf5
