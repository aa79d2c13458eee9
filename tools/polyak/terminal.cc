#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace polyak::command {
namespace {

// Unset is as good as empty.
std::string_view Environment(const char* name) noexcept {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

std::size_t TerminalColumns(int descriptor) noexcept {
  constexpr std::size_t kUsualColumns = 80;
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

bool ObeysEscapes(int descriptor) noexcept {
  const std::string_view terminal = Environment("TERM");
  return !terminal.empty() && terminal != "dumb" && isatty(descriptor) != 0;
}

bool WantsColour(int descriptor) noexcept {
  return Environment("NO_COLOR").empty() && ObeysEscapes(descriptor);
}

}  // namespace polyak::command
