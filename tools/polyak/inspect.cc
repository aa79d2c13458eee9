// polyak inspect: what a checkpoint holds, as a table.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "command_line.h"
#include "polyak.h"
#include "report/printable.h"
#include "signals.h"
#include "work_options.h"

namespace polyak::command {
namespace {

constexpr std::size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

Row RowOf(const TensorInfo& tensor) {
  std::string storage = Printable(tensor.storage);
  if (!tensor.unreadable.empty()) storage += " (" + Printable(tensor.unreadable) + ")";
  return {Printable(tensor.name),
          std::string(NameOf(tensor.dtype)),
          ShapeText(tensor.shape),
          std::string(NameOf(tensor.role)),
          std::to_string(tensor.stored_bytes),
          storage};
}

// How many columns a terminal gives to UTF-8 text, about: one per code point.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void PrintTable(const std::vector<Row>& rows, std::ostream& out) {
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < kColumns; ++c) widths[c] = std::max(widths[c], Width(row[c]));
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < kColumns; ++c) {
      const std::string padding(widths[c] - Width(row[c]), ' ');
      constexpr std::size_t kBytesColumn = 4;
      line += c == kBytesColumn ? padding + row[c] : row[c] + padding;
      line += c + 1 < kColumns ? "  " : "";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

struct InspectOptions {
  std::string path;
  std::optional<std::string> memory;
};

InspectJob JobOf(const InspectOptions& options) {
  InspectJob job{.path = options.path, .stop = &StopRequest()};
  if (options.memory) job.memory_bytes = MemoryOf(*options.memory);
  return job;
}

int Inspect(const InspectOptions& options, const Streams& streams) {
  const Inspection found = polyak::Inspect(JobOf(options));
  std::vector<Row> rows = {{"TENSOR", "DTYPE", "SHAPE", "ROLE", "BYTES", "STORAGE"}};
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : found.tensors) {
    rows.push_back(RowOf(tensor));
    elements += tensor.elements;
    bytes += tensor.stored_bytes;
  }
  PrintTable(rows, streams.out);
  streams.out << fmt::format("\n{} tensors, {} elements, {} in a file of {} ({})\n",
                             found.tensors.size(), elements, BytesText(bytes),
                             BytesText(found.file_bytes), found.format);
  if (!found.provenance.empty()) {
    streams.out << "made by polyak: " << Printable(found.provenance) << '\n';
  }
  return 0;
}

}  // namespace

void AddInspect(CLI::App& app, Action& action) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* inspect = app.add_subcommand(
      "inspect",
      "List the tensors of a checkpoint\n\n"
      "Prints name, dtype, shape, role, size and storage of every tensor, and the record of how "
      "the checkpoint was made if polyak made it.");
  inspect->footer(
      "Examples:\n"
      "  polyak inspect average.onnx");
  inspect->add_option("CKPT", options->path, "The checkpoint")->required()->type_name("");
  inspect
      ->add_option("--memory", options->memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE");
  inspect->callback([options, &action] {
    action = [options](const Streams& streams) { return Inspect(*options, streams); };
  });
}

}  // namespace polyak::command
