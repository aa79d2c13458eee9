// The order of inputs by the numbers in their names (inputs/name_numbers.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace polyak {

// Puts the files of one folder or glob into the order of their numbers, relative to the folders
// that they share. Where none has a number they come bytewise by name; returns true then (never
// for fewer than two files). Throws Error (kUsage) where two have the same numbers, and where some
// have a number and others none.
bool OrderByNumbers(std::vector<std::string>& files);

// The first two neighbours of which the second has the lower numbers, as a text: "B comes before A,
// though …". Nothing where there are none, or where a file has no number.
std::optional<std::string> OutOfOrder(const std::vector<std::string>& files, bool method_depends);

}  // namespace polyak
