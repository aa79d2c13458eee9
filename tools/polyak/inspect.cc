// polyak inspect: what a checkpoint holds, as a table.
#include "inspect.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "command_line.h"
#include "report/printable.h"
#include "signals.h"
#include "table.h"
#include "terminal.h"
#include "work_options.h"

namespace polyak::command {
namespace {

std::vector<std::string> RowOf(const TensorInfo& tensor) {
  std::string storage = Printable(tensor.storage);
  if (!tensor.unreadable.empty()) storage += " (" + Printable(tensor.unreadable) + ")";
  return {Printable(tensor.name),
          std::string(NameOf(tensor.dtype)),
          ShapeText(tensor.shape),
          std::string(NameOf(tensor.role)),
          std::to_string(tensor.stored_bytes),
          storage};
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
  Table table({{.title = "TENSOR", .may_shrink = true},
               {.title = "DTYPE"},
               {.title = "SHAPE", .may_shrink = true},
               {.title = "ROLE"},
               {.title = "BYTES", .align = Align::kRight},
               {.title = "STORAGE", .may_shrink = true}});
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : found.tensors) {
    table.Add(RowOf(tensor));
    elements += tensor.elements;
    bytes += tensor.stored_bytes;
  }
  table.Print(streams.out, TerminalColumns(STDOUT_FILENO));
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
  CLI::App* inspect = app.add_subcommand("inspect", "List the tensors of a checkpoint");
  inspect->add_option("CKPT", options->path, "The checkpoint")->required()->type_name("");
  inspect
      ->add_option("--memory", options->memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE");
  inspect->callback([options, &action] {
    action = [options](const Streams& streams) { return Inspect(*options, streams); };
  });
}

}  // namespace polyak::command
