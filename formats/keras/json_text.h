// JSON out of a checkpoint, read without trusting it: its size is bounded by the caller, its depth
// here.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace polyak::keras {

// Throws Error (kCorrupt) where it is no JSON, nested more than 200 deep, or has a key twice
// (whose value would be whose?).
nlohmann::json ParseJson(std::string_view text);

}  // namespace polyak::keras
