// What is known of the terminal that a stream is connected to, if it is one. The one place that
// reads the environment.
#pragma once

#include <cstddef>

namespace polyak::command {

// How many columns the terminal behind a file descriptor has, now; 0: it is no terminal. A
// terminal that doesn't tell has 80.
std::size_t TerminalColumns(int descriptor) noexcept;

// It is a terminal that obeys escape sequences: TERM names it, and not as "dumb".
bool ObeysEscapes(int descriptor) noexcept;

// It obeys them, and its user wants colours: NO_COLOR is unset or empty (https://no-color.org).
bool WantsColour(int descriptor) noexcept;

}  // namespace polyak::command
