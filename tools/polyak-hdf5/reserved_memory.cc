#include "reserved_memory.h"

#include <sys/mman.h>

#include <algorithm>

#include "library.h"

namespace polyak::hdf5 {

// Read-only, so that neither the system's overcommitment nor RLIMIT_DATA counts it.
ReservedMemory::ReservedMemory(std::size_t bytes)
    : bytes_(std::max<std::size_t>(bytes, 1)),
      data_(mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
  if (data_ == MAP_FAILED) throw Failure(wire::Failure::MEMORY, "out of addresses");
}

ReservedMemory::~ReservedMemory() { munmap(data_, bytes_); }

}  // namespace polyak::hdf5
