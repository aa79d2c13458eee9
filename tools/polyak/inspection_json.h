// What inspect prints for programs: schema/inspect.schema.json.
#pragma once

#include <iosfwd>

#include "inspect.h"
#include "tensor_order.h"

namespace polyak::command {

// One JSON document, a line per tensor in `order`, never held in memory as a whole.
void PrintInspectionJson(const Inspection& found, const TensorOrder& order, std::ostream& out);

}  // namespace polyak::command
