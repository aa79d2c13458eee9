// Numbers of inspect and diff, for people and for programs.
#pragma once

#include <string>

#include "arithmetic/element_statistics.h"
#include "report/json_text.h"

namespace polyak::command {

// Six digits; "-" for NaN, which stands for what isn't defined.
std::string FigureText(double figure);
// An integer in full.
std::string FigureText(const Extreme& extreme);

// JSON has no infinity and no NaN: "inf", "-inf"; null for NaN, which stands for what isn't
// defined. Finite numbers read back exactly.
Json FigureJson(double figure);
Json FigureJson(const Extreme& extreme);

}  // namespace polyak::command
