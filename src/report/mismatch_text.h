// What doesn't match, as text for people.
#pragma once

#include <string>

#include "core/mismatch.h"

namespace polyak {

// Lines to follow an error's own: what doesn't match in groups (missing in these inputs, only in
// those, other shape, other dtype), at most 20 lines; names escaped. Empty where there is only one,
// which the error's own line tells.
std::string MismatchText(const Mismatches& mismatches);

}  // namespace polyak
