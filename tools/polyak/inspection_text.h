// What inspect prints for people.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "inspect.h"
#include "tensor_order.h"

namespace polyak::command {

// A table of the tensors in `order`, or their tree (which reorders it), then totals by role and
// dtype, what is known of the checkpoint as a whole, and how it was made. No line of a table is
// wider than `columns` (0: no limit). Rows are made when they are printed: they take no memory.
void PrintInspection(const Inspection& found, TensorOrder& order, bool as_tree, std::size_t columns,
                     std::ostream& out);

}  // namespace polyak::command
