// What someone may have meant who wrote a name that isn't there.
#pragma once

#include <span>
#include <string_view>

namespace polyak {

// The candidate that the fewest edits (a byte put in, left out or replaced, two neighbours
// swapped) separate from `word`; the first of several. Empty if none is near: at most a third of
// the word's bytes, or one, may have to change, and something must stay. The cost is bounded
// whatever a file calls its tensors: words and candidates of over 256 bytes, and all candidates
// after the first 1000, are not looked at.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace polyak
