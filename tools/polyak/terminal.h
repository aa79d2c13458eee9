// What is known of the terminal that a stream is connected to, if it is one.
#pragma once

#include <cstddef>

namespace polyak::command {

// How many columns the terminal behind a file descriptor has, now; 0: it is no terminal. A
// terminal that doesn't tell has 80.
std::size_t TerminalColumns(int descriptor) noexcept;

}  // namespace polyak::command
