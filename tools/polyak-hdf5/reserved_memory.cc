#include "reserved_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>

#include "library.h"

namespace polyak::hdf5 {
namespace {

std::size_t Affordable(std::size_t bytes) noexcept {
  constexpr std::size_t kPartOfLimit = 16;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min<std::size_t>(bytes, limit.rlim_cur / kPartOfLimit);
  }
  return std::max<std::size_t>(bytes, 1);
}

}  // namespace

// Read-only, so that neither the system's overcommitment nor RLIMIT_DATA counts it.
ReservedMemory::ReservedMemory(std::size_t bytes)
    : bytes_(Affordable(bytes)),
      data_(mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
  if (data_ == MAP_FAILED) throw Failure(wire::Failure::MEMORY, "out of addresses");
}

ReservedMemory::~ReservedMemory() { munmap(data_, bytes_); }

}  // namespace polyak::hdf5
