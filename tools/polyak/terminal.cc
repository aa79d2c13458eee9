#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace polyak::command {

std::size_t TerminalColumns(int descriptor) noexcept {
  constexpr std::size_t kUsualColumns = 80;
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

}  // namespace polyak::command
