// The report as text for people.
#pragma once

#include <iosfwd>

#include "report/report.h"

namespace polyak {

// Some lines, each with its newline; names escaped. `whole` lists every input and every kept
// tensor, otherwise long lists are cut off and say so.
void WriteSummary(const Report& report, bool whole, std::ostream& out);

}  // namespace polyak
