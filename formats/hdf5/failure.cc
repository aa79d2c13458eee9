#include "formats/hdf5/failure.h"

#include <sys/resource.h>

namespace polyak::hdf5 {
namespace {

// --memory is the helper's only limit but for those that the user has set for every process.
const char* HintForMemory() noexcept {
  rlimit addresses{};
  rlimit data{};
  const bool has_others = getrlimit(RLIMIT_AS, &addresses) == 0 &&
                          getrlimit(RLIMIT_DATA, &data) == 0 &&
                          (addresses.rlim_cur != RLIM_INFINITY || data.rlim_cur != RLIM_INFINITY);
  return has_others
             ? "a larger --memory may give it more, and so may a higher limit of the system's "
               "(ulimit -v, ulimit -d)"
             : "a larger --memory gives it more";
}

}  // namespace

Error ErrorOf(const wire::Failure& failure) {
  switch (failure.kind()) {
    case wire::Failure::UNSUPPORTED: return {ErrorKind::kUnsupported, failure.text()};
    case wire::Failure::MEMORY:
      return {ErrorKind::kUnsupported,
              "the HDF5 library needs more memory for this file than it was given",
              HintForMemory()};
    case wire::Failure::SYSTEM: return {ErrorKind::kSystem, failure.text()};
    default: return {ErrorKind::kCorrupt, failure.text()};
  }
}

}  // namespace polyak::hdf5
