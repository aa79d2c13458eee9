// The report as text for people.
#pragma once

#include <string>

#include "report/report.h"

namespace polyak {

// Some lines, each with its newline; names escaped. `whole` lists every kept tensor, otherwise
// long lists are cut off and say so.
std::string SummaryText(const Report& report, bool whole);

}  // namespace polyak
