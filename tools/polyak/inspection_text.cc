#include "inspection_text.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "figures.h"
#include "provenance_text.h"
#include "report/printable.h"
#include "table.h"
#include "tensor_totals.h"
#include "tensor_tree.h"

namespace polyak::command {
namespace {

using Cells = std::vector<std::string>;

void Append(Cells cells, Cells& row) { std::ranges::move(cells, std::back_inserter(row)); }

// In which order columns leave where the terminal is narrow. Who asked for statistics keeps them
// longer than what is there without asking.
enum LeavesFirst {
  kMin = 1,
  kMax,
  kMean,
  kNorm,
  kInf,
  kNan,
  kZeros,
  kBytes,
  kTensors,
  kDType,
  kShape,
  kRole,
  kStorage
};

void AppendStatisticsColumns(std::vector<Column>& columns) {
  const std::pair<const char*, LeavesFirst> titles[] = {
      {"MIN", kMin},     {"MAX", kMax}, {"MEAN", kMean}, {"NORM", kNorm},
      {"ZEROS", kZeros}, {"NAN", kNan}, {"INF", kInf}};
  for (const auto& [title, leaves_first] : titles) {
    columns.push_back({.title = title, .align = Align::kRight, .leaves_first = leaves_first});
  }
}

Cells StatisticsCells(const ElementStatistics& statistics) {
  constexpr std::size_t kColumns = 7;
  if (statistics.elements() == 0) return Cells(kColumns, "-");
  Cells cells(4, "-");
  if (statistics.finite > 0) {
    cells = {FigureText(statistics.min), FigureText(statistics.max), FigureText(statistics.mean()),
             FigureText(statistics.norm())};
  }
  for (const std::uint64_t count : {statistics.zeros, statistics.nans, statistics.infinities}) {
    cells.push_back(std::to_string(count));
  }
  return cells;
}

std::string StorageCell(const TensorInfo& tensor) {
  std::string storage = Printable(tensor.storage);
  if (!tensor.unreadable.empty()) storage += " (" + Printable(tensor.unreadable) + ")";
  return storage;
}

// What it is used for says more than its role does.
std::string RoleCell(const TensorInfo& tensor) {
  if (tensor.use.empty()) return std::string(NameOf(tensor.role));
  // Of a quantized tensor the use is an operator, which says little by itself.
  if (tensor.role == Role::kQuantized) return fmt::format("quantized ({})", tensor.use);
  return std::string(tensor.use);
}

// The rows of a table, one after the other, as often as wanted.
using VisitRow = std::function<void(Cells row)>;

void PrintTable(std::vector<Column> columns, std::size_t most_columns,
                const std::function<void(const VisitRow& visit)>& for_each_row, std::ostream& out) {
  TableLayout layout(std::move(columns));
  for_each_row([&](const Cells& row) { layout.Measure(row); });
  layout.Fit(most_columns);
  out << layout.TitleLine() << '\n';
  for_each_row([&](const Cells& row) { out << layout.Line(row) << '\n'; });
}

void PrintTensors(const Inspection& found, const TensorOrder& order, std::size_t most_columns,
                  std::ostream& out) {
  const bool has_statistics = !found.statistics.empty();
  std::vector<Column> columns = {{.title = "TENSOR", .may_shrink = true},
                                 {.title = "DTYPE", .leaves_first = kDType},
                                 {.title = "SHAPE", .may_shrink = true, .leaves_first = kShape}};
  if (has_statistics) AppendStatisticsColumns(columns);
  for (const Column& column :
       {Column{.title = "ROLE", .leaves_first = kRole},
        Column{.title = "BYTES", .align = Align::kRight, .leaves_first = kBytes},
        Column{.title = "STORAGE", .may_shrink = true, .leaves_first = kStorage}}) {
    columns.push_back(column);
  }
  const auto for_each_row = [&](const VisitRow& visit) {
    for (const std::uint32_t number : order) {
      const TensorInfo& tensor = found.checkpoint->tensors()[number];
      Cells row = {Printable(tensor.name), std::string(NameOf(tensor.dtype)),
                   ShapeText(tensor.shape)};
      if (has_statistics) Append(StatisticsCells(found.statistics[number]), row);
      Append({RoleCell(tensor), std::to_string(tensor.stored_bytes), StorageCell(tensor)}, row);
      visit(std::move(row));
    }
  };
  PrintTable(std::move(columns), most_columns, for_each_row, out);
}

Cells TreeRow(const Inspection& found, const TreeLine& line) {
  Cells row = {line.label + Printable(line.name_part),
               line.tensor == nullptr ? std::to_string(line.totals.tensors) : "",
               std::to_string(line.totals.bytes)};
  if (line.tensor == nullptr) {
    row.resize(row.size() + 2 + (found.statistics.empty() ? 0 : StatisticsCells({}).size()));
    return row;
  }
  const TensorInfo& tensor = found.checkpoint->tensors()[*line.tensor];
  Append({std::string(NameOf(tensor.dtype)), ShapeText(tensor.shape)}, row);
  if (!found.statistics.empty()) Append(StatisticsCells(found.statistics[*line.tensor]), row);
  return row;
}

void PrintTree(const Inspection& found, TensorOrder& order, std::size_t most_columns,
               std::ostream& out) {
  std::vector<Column> columns = {
      {.title = "TENSOR", .may_shrink = true},
      {.title = "TENSORS", .align = Align::kRight, .leaves_first = kTensors},
      {.title = "BYTES", .align = Align::kRight, .leaves_first = kBytes},
      {.title = "DTYPE", .leaves_first = kDType},
      {.title = "SHAPE", .may_shrink = true, .leaves_first = kShape}};
  if (!found.statistics.empty()) AppendStatisticsColumns(columns);
  const auto for_each_row = [&](const VisitRow& visit) {
    WalkTree(found.checkpoint->tensors(), order, found.separators,
             [&](const TreeLine& line) { visit(TreeRow(found, line)); });
  };
  PrintTable(std::move(columns), most_columns, for_each_row, out);
}

void PrintTotals(const Inspection& found, std::size_t most_columns, std::ostream& out) {
  const Checkpoint& checkpoint = *found.checkpoint;
  Table table({{.title = "ROLE", .may_shrink = true},
               {.title = "DTYPE"},
               {.title = "TENSORS", .align = Align::kRight, .leaves_first = 1},
               {.title = "ELEMENTS", .align = Align::kRight, .leaves_first = 2},
               {.title = "BYTES", .align = Align::kRight}});
  for (const auto& [kind, totals] : TotalsByKindOf(checkpoint.tensors())) {
    table.Add({std::string(NameOf(kind.first)), std::string(NameOf(kind.second)),
               std::to_string(totals.tensors), std::to_string(totals.elements),
               std::to_string(totals.bytes)});
  }
  out << '\n';
  table.Print(out, most_columns);
  const Totals totals = TotalsOf(checkpoint.tensors());
  const std::size_t files = checkpoint.files().size();
  out << fmt::format("\n{}, {}, {} in {} of {} ({})\n", Counted(totals.tensors, "tensor"),
                     Counted(totals.elements, "element"), BytesText(totals.bytes),
                     files == 1 ? "a file" : Counted(files, "file"),
                     BytesText(checkpoint.file_bytes()), found.format);
}

// "ir_version 8, opset 17; ai.onnx.ml 3, producer pytorch 2.1"
void PrintProperties(std::span<const Property> properties, std::ostream& out) {
  if (properties.empty()) return;
  std::string line;
  for (const Property& property : properties) {
    if (!line.empty()) line += ", ";
    line += Printable(property.name) + " " + Printable(property.value);
  }
  out << line << '\n';
}

}  // namespace

void PrintInspection(const Inspection& found, TensorOrder& order, bool as_tree, std::size_t columns,
                     std::ostream& out) {
  if (as_tree) {
    PrintTree(found, order, columns, out);
  } else {
    PrintTensors(found, order, columns, out);
  }
  PrintTotals(found, columns, out);
  PrintProperties(found.checkpoint->properties(), out);
  const std::string_view provenance = found.checkpoint->provenance();
  if (!provenance.empty()) out << ProvenanceText(provenance) << '\n';
}

}  // namespace polyak::command
