// The orders in which diff lists tensors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diff.h"

namespace polyak::command {

// "l2", "max", "ulps", "name"
std::vector<std::string> DiffSortKeys();

// Numbers of found.tensors. By name; or first what has no counterpart, then other shapes, dtypes,
// mismatches of NaN and infinities, then by one of the figures from the largest on, then what
// has no figures, and what is equal last. What is equal in that stays in the order of the file.
std::vector<std::uint32_t> OrderOf(const Diff& found, std::string_view key);

}  // namespace polyak::command
