#include "descriptor_status.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace polyak::hdf5 {

bool GetStatus(int descriptor, struct stat& status) noexcept {
#ifdef __LP64__
  // The kernel's layout is the C library's there.
  return syscall(SYS_fstat, descriptor, &status) == 0;
#else
  return fstat(descriptor, &status) == 0;
#endif
}

}  // namespace polyak::hdf5
