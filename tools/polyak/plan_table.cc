#include "plan_table.h"

#include <unistd.h>

#include <ostream>
#include <string>
#include <vector>

#include "report/printable.h"
#include "table.h"
#include "terminal.h"

namespace polyak::command {
namespace {

std::vector<std::string> RowOf(const TensorReport& tensor, const Report& report) {
  return {Printable(tensor.name),           std::string(NameOf(tensor.dtype)),
          ShapeText(tensor.shape),          std::to_string(tensor.bytes),
          std::string(NameOf(tensor.fate)), Printable(report.rules[tensor.rule])};
}

}  // namespace

void PrintPlanTable(const Report& report, std::ostream& out) {
  TableLayout table({{.title = "TENSOR", .may_shrink = true},
                     {.title = "DTYPE", .leaves_first = 3},
                     {.title = "SHAPE", .leaves_first = 4},
                     {.title = "BYTES", .align = Align::kRight, .leaves_first = 5},
                     {.title = "GETS", .leaves_first = 1},
                     {.title = "WHY", .may_shrink = true, .leaves_first = 2}});
  for (const TensorReport& tensor : report.tensors) table.Measure(RowOf(tensor, report));
  table.Fit(TerminalColumns(STDOUT_FILENO));
  out << table.TitleLine() << '\n';
  for (const TensorReport& tensor : report.tensors)
    out << table.Line(RowOf(tensor, report)) << '\n';
  out << '\n';
}

}  // namespace polyak::command
