// What checkpoints have that is odd, as warnings for people.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"

namespace polyak {

// "PATH: WARNING" for each of their warnings (Checkpoint::warnings), in the order of the
// checkpoints. What several have alike is told once, of the first, with how many more have it; a
// long list is cut, and says so.
std::vector<std::string> WarningsOf(std::span<const Checkpoint* const> checkpoints);

}  // namespace polyak
