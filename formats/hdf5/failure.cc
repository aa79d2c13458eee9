#include "formats/hdf5/failure.h"

namespace polyak::hdf5 {

Error ErrorOf(const wire::Failure& failure) {
  switch (failure.kind()) {
    case wire::Failure::UNSUPPORTED: return {ErrorKind::kUnsupported, failure.text()};
    case wire::Failure::MEMORY:
      return {ErrorKind::kUnsupported,
              "the HDF5 library needs more memory for this file than it was given",
              "a larger --memory gives it more"};
    case wire::Failure::SYSTEM: return {ErrorKind::kSystem, failure.text()};
    default: return {ErrorKind::kCorrupt, failure.text()};
  }
}

}  // namespace polyak::hdf5
