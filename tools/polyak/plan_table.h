// The plan of --dry-run, tensor by tensor.
#pragma once

#include <iosfwd>

#include "polyak.h"

namespace polyak::command {

// A line per tensor: what it gets, and which rule said so; then an empty line.
void PrintPlanTable(const Report& report, std::ostream& out);

}  // namespace polyak::command
