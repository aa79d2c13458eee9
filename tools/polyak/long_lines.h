// Lines that would fill a terminal: names from files may have any length.
#pragma once

#include <cstddef>
#include <string>

namespace polyak::command {

// `text`, which is printable, with "…" for the middle of each line that takes more than ten rows of
// a terminal of so many columns (or of 40, where it has less); 0 columns are no terminal, and leave
// all as it is.
std::string WithoutLongLines(const std::string& text, std::size_t columns);

}  // namespace polyak::command
