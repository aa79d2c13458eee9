// What diff prints for people.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "diff.h"

namespace polyak::command {

struct DiffView {
  std::string_view sort = "l2";  // of DiffSortKeys()
  bool whole = false;            // equal tensors, too
  double tolerance = 0;
  std::size_t columns = 0;  // no line of the table is wider; 0: no limit
};

// A table of what differs, and a line that says how much does. Rows are made when they are
// printed: they take no memory.
void PrintDiff(const Diff& found, const DiffView& view, std::ostream& out);

}  // namespace polyak::command
