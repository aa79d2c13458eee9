// The report, and an error, as JSON: schema/report.schema.json says what there is.
#pragma once

#include <iosfwd>

#include "core/error.h"
#include "report/report.h"

namespace polyak {

// One document with a newline at its end. Written tensor by tensor: its size doesn't matter.
// ASCII only: what a terminal might obey is escaped. Bytes of names that aren't UTF-8 become
// U+FFFD.
void WriteJson(const Report& report, std::ostream& out);

// {"error": {"kind": …, "message": …, "hint": …, "mismatches": […]}}
void WriteJson(const Error& error, std::ostream& out);

}  // namespace polyak
