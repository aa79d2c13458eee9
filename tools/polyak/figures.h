// Numbers of inspect and diff, for people and for programs.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "arithmetic/element_statistics.h"

namespace polyak::command {

using Json = nlohmann::ordered_json;

// Six digits; "-" for NaN, which stands for what isn't defined.
std::string FigureText(double figure);
// An integer in full.
std::string FigureText(const Extreme& extreme);

// JSON has no infinity and no NaN: "inf", "-inf"; null for NaN, which stands for what isn't
// defined. Finite numbers read back exactly.
Json FigureJson(double figure);
Json FigureJson(const Extreme& extreme);

// One line of ASCII without control characters: all else is escaped, and what isn't UTF-8 is
// replaced.
std::string OneLine(const Json& json);

}  // namespace polyak::command
