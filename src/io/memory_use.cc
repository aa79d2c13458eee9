#include "io/memory_use.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "io/descriptor_cache.h"

namespace polyak {
namespace {

constexpr std::uint64_t kKiB = 1024;

}  // namespace

// VmHWM, not getrusage's ru_maxrss: that one starts from what the parent had before exec. Without
// allocating anything: it is asked for after the output is in place.
std::uint64_t PeakMemoryBytes() {
  std::array<char, 16384> buffer;
  const Descriptor status(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  const ssize_t length = read(status.number(), buffer.data(), buffer.size());
  if (length <= 0) return 0;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kField = "\nVmHWM:";
  const std::size_t field = text.find(kField);
  if (field == text.npos) return 0;
  const std::size_t number = text.find_first_not_of(" \t", field + kField.size());
  if (number == text.npos) return 0;
  std::uint64_t kibibytes = 0;
  std::from_chars(text.data() + number, text.data() + text.size(), kibibytes);
  return kibibytes * kKiB;
}

std::uint64_t PeakMemoryBytesOfChildren() {
  rusage usage{};
  if (getrusage(RUSAGE_CHILDREN, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kKiB;
}

bool IsMemoryLimited() noexcept {
  const auto is_limited = [](auto resource) {
    rlimit limit{};
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  };
  return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA);
}

}  // namespace polyak
