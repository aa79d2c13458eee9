// The newest L inputs, every K-th (LAWA; Kaddour 2022).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace polyak {

// Throws Error (kUsage) where one of them is 0.
void CheckWindow(std::optional<std::uint64_t> last, std::uint64_t every);

// Leaves in `files` (oldest first) every K-th counted back from the newest, and of these the newest
// `last`; returns the others, oldest first. Both are at least 1. Throws Error (kUsage) where there
// are fewer than `last`, or where `every` leaves fewer than two.
std::vector<std::string> ApplyWindow(std::vector<std::string>& files,
                                     std::optional<std::uint64_t> last, std::uint64_t every);

}  // namespace polyak
