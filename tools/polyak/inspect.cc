// polyak inspect: what a checkpoint holds.
#include "inspect.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "command_line.h"
#include "inspection_json.h"
#include "inspection_text.h"
#include "json_errors.h"
#include "pass_options.h"
#include "sandbox.h"
#include "tensor_order.h"
#include "terminal.h"

namespace polyak::command {
namespace {

struct InspectOptions {
  std::string path;
  bool tree = false;
  std::string sort = "file";
  bool json = false;
  bool statistics = false;
  PassOptions pass;
};

int RunInspect(const InspectOptions& options, const Streams& streams) {
  ProgressBar bar(streams.err, options.pass.progress);
  InspectJob job{.path = options.path, .statistics = options.statistics};
  SetPass(options.pass, streams.err, bar, job);
  const Inspection found = WithErrorsAsJson(options.json, streams.out, [&] {
    EnterSandbox(options.pass, {.inputs = {job.path}, .outputs = {}, .stop = job.control.stop},
                 false, streams.err, job.hdf5_helper);
    return Inspect(job);
  });
  bar.Finish();
  TensorOrder order = OrderOf(found.checkpoint->tensors(), options.sort);
  if (options.json) {
    PrintInspectionJson(found, order, streams.out);
  } else {
    PrintInspection(found, order, options.tree, TerminalColumns(STDOUT_FILENO), streams.out);
  }
  return 0;
}

}  // namespace

void AddInspect(CLI::App& app, Action& action) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* inspect = app.add_subcommand(
      "inspect",
      "List the tensors of a checkpoint\n\n"
      "Prints name, dtype, shape, role, size and storage of every tensor, totals by role and "
      "dtype, what the checkpoint says of itself, and the record of how it was made if polyak made "
      "it. Statistics are of the finite elements; they are the same on every machine.");
  inspect->footer(
      "Examples:\n"
      "  polyak inspect average.onnx\n"
      "  polyak inspect --tree --sort bytes model.h5\n"
      "  polyak inspect --stats --json average.onnx");
  inspect->add_option("CKPT", options->path, "The checkpoint")->required()->type_name("");
  CLI::Option* tree =
      inspect->add_flag("--tree", options->tree, "Group tensors by the parts of their names")
          ->group("Output");
  inspect
      ->add_option("--sort", options->sort,
                   "Order: file (default), name, bytes, elements, role, dtype")
      ->check(CLI::IsMember(TensorSortKeys()))
      ->type_name("KEY")
      ->group("Output");
  inspect
      ->add_flag("--stats", options->statistics,
                 "Read all elements: min, max, mean, norm (L2), zeros, NaN, infinities")
      ->group("Output");
  inspect->add_flag("--json", options->json, "Print JSON (schema/inspect.schema.json)")
      ->excludes(tree)
      ->group("Output");
  AddPassOptions(*inspect, options->pass);
  inspect->callback([options, &action] {
    action = [options](const Streams& streams) { return RunInspect(*options, streams); };
  });
}

}  // namespace polyak::command
