#include "io/memory_use.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace polyak {
namespace {

constexpr std::uint64_t kKiB = 1024;

}  // namespace

// VmHWM, not getrusage's ru_maxrss: that one starts from what the parent had before exec.
std::uint64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  constexpr std::string_view kField = "VmHWM:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kField)) return std::stoull(line.substr(kField.size())) * kKiB;
  }
  return 0;
}

std::uint64_t PeakMemoryBytesOfChildren() {
  rusage usage{};
  if (getrusage(RUSAGE_CHILDREN, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kKiB;
}

}  // namespace polyak
