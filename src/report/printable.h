// Makes text that comes from files fit to be printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace polyak {

// Control characters (C0, DEL, C1), invisible marks of direction, joining and line ends, and bytes
// that aren't UTF-8 as \xNN, a backslash as \\: one line, nothing that a terminal obeys. Everything
// else as it is.
std::string Printable(std::string_view text);

// The same without changing backslashes, for whole messages that hold names.
std::string PrintableMessage(std::string_view text);

// "1 tensor", "18 tensors"
std::string Counted(std::uint64_t count, std::string_view noun);

// "1.5 MiB"; bytes below 1 KiB as a whole number.
std::string BytesText(std::uint64_t bytes);

}  // namespace polyak
