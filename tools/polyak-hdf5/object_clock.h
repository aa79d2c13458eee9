// The time that the HDF5 library believes it is: it writes it into objects that it changes, and two
// runs are to give the same bytes.
#pragma once

#include <hdf5.h>

#include <ctime>

namespace polyak::hdf5 {

// When the object was last changed; 0 where it keeps no times. Throws Failure.
std::time_t ChangeTimeOf(hid_t object);

// While one lives, it is that time: an object that is changed then keeps what it has. One at a
// time; without one it is 1970.
class ObjectClock {
 public:
  explicit ObjectClock(std::time_t now) noexcept;
  ObjectClock(const ObjectClock&) = delete;
  ObjectClock& operator=(const ObjectClock&) = delete;
  ~ObjectClock();
};

}  // namespace polyak::hdf5
