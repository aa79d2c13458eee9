// Names as a text of one line that stays readable however many there are.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace polyak {

inline constexpr std::size_t kNamesInWarning = 5;
inline constexpr std::size_t kNamesInError = 20;

// "a, b, c and 4 more": at most `most` names, each without the `skip` bytes at its front.
std::string NameList(std::span<const std::string> names, std::size_t most, std::size_t skip = 0);

}  // namespace polyak
