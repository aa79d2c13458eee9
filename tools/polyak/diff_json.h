// What diff prints for programs: schema/diff.schema.json.
#pragma once

#include <iosfwd>
#include <string_view>

#include "diff.h"

namespace polyak::command {

// One JSON document, a line per tensor, equal ones included, in the order that `sort` names; never
// held in memory as a whole.
void PrintDiffJson(const Diff& found, std::string_view sort, double tolerance, std::ostream& out);

}  // namespace polyak::command
