// The time that the HDF5 library believes it is: it writes it into objects that it changes, and two
// runs are to give the same bytes.
#pragma once

#include <hdf5.h>

#include <ctime>

namespace polyak::hdf5 {

// While one lives, it is the time at which the object was last changed: the library sets what is
// there already. One at a time; without one it is 1970.
class ObjectClock {
 public:
  // Throws Failure.
  explicit ObjectClock(hid_t object);
  ObjectClock(const ObjectClock&) = delete;
  ObjectClock& operator=(const ObjectClock&) = delete;
  ~ObjectClock();
};

}  // namespace polyak::hdf5
