#include "object_clock.h"

#include <sys/time.h>

#include "library.h"

namespace {

std::time_t believed_time = 0;

}  // namespace

// In place of the C library's. The program's come before them for the HDF5 library as well.
extern "C" {

std::time_t time(std::time_t* result) noexcept {
  if (result != nullptr) *result = believed_time;
  return believed_time;
}

int gettimeofday(struct timeval* result, void* /*zone*/) noexcept {
  *result = {.tv_sec = believed_time, .tv_usec = 0};
  return 0;
}

}  // extern "C"

namespace polyak::hdf5 {

std::time_t ChangeTimeOf(hid_t object) {
  H5O_info_t info{};
  Checked(H5Oget_info2(object, &info, H5O_INFO_TIME));
  return info.ctime;
}

ObjectClock::ObjectClock(std::time_t now) noexcept { believed_time = now; }

ObjectClock::~ObjectClock() { believed_time = 0; }

}  // namespace polyak::hdf5
