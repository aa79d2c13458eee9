// The system calls that working on a file's structure takes.
#pragma once

#include "confinement/call_filter.h"

namespace polyak::hdf5 {

// Allows only: memory that isn't executed, the descriptors that polyak has sent, the time, limits,
// its own end. The HDF5 library runs under it, on files that may be made to take it over: unlike
// polyak's own, the list is of what is allowed, and what is on no list fails with EPERM. For the
// process that calls this.
CallFilter AllowedCalls();

}  // namespace polyak::hdf5
