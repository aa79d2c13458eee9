// polyak diff: how far two checkpoints are from one another.
#include "diff.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <optional>
#include <string>

#include "command_line.h"
#include "core/error.h"
#include "diff_json.h"
#include "diff_order.h"
#include "diff_text.h"
#include "figures.h"
#include "json_errors.h"
#include "pass_options.h"
#include "report/printable.h"
#include "sandbox.h"
#include "terminal.h"
#include "typed_values.h"

namespace polyak::command {
namespace {

constexpr int kEqual = 0;
constexpr int kDifferent = 1;

struct DiffOptions {
  std::string a;
  std::string b;
  std::optional<std::string> tolerance;
  std::string sort = "l2";
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  PassOptions pass;
};

void Print(const Diff& found, const DiffOptions& options, double tolerance, std::ostream& out) {
  if (options.json) return PrintDiffJson(found, options.sort, tolerance, out);
  PrintDiff(found,
            {.sort = options.sort,
             .whole = options.verbose,
             .tolerance = tolerance,
             .columns = TerminalColumns(STDOUT_FILENO)},
            out);
}

int RunDiff(const DiffOptions& options, const Streams& streams) {
  ProgressBar bar(streams.err, options.quiet ? "never" : options.pass.progress);
  DiffJob job{.a = options.a, .b = options.b};
  SetPass(options.pass, streams.err, bar, job);
  if (options.quiet) job.control.warning = {};
  if (options.tolerance) job.tolerance = NumberOf("--tolerance", *options.tolerance);
  const Diff found = WithErrorsAsJson(options.json, streams.out, [&] {
    EnterSandbox(options.pass, {.inputs = {job.a, job.b}, .outputs = {}, .stop = job.control.stop},
                 options.verbose, streams.err, job.hdf5_helper);
    return Compare(job);
  });
  bar.Finish();
  if (options.json || !options.quiet) Print(found, options, job.tolerance, streams.out);
  if (found.different() > 0) return kDifferent;
  if (found.not_compared() == 0) return kEqual;
  // Neither equal nor different: whoever reads the status must not take it for equal.
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{} could not be compared", Counted(found.not_compared(), "tensor")));
}

}  // namespace

void AddDiff(CLI::App& app, Action& action) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* diff = app.add_subcommand(
      "diff",
      "Compare two checkpoints, tensor by tensor\n\n"
      "Tensors are paired by name, whatever the formats. -0 and +0 are equal, and so are two NaN "
      "of the same bits. A NaN or infinity against another value is a difference, counted under "
      "NAN/INF, and in none of the other figures.");
  diff->footer(
      "Examples:\n"
      "  polyak diff ep11.onnx ep12.onnx\n"
      "  polyak diff --tolerance 1e-6 exported.onnx trained.h5\n"
      "  polyak diff --json a.h5 b.h5\n\n"
      "Exit status:\n"
      "  0  all tensors are equal\n"
      "  1  some differ\n"
      "  2  trouble: wrong usage, or the comparison failed");
  diff->add_option("A", options->a, "A checkpoint; relative figures are relative to it")
      ->required()
      ->type_name("");
  diff->add_option("B", options->b, "The other one")->required()->type_name("");
  diff->add_option("--tolerance", options->tolerance,
                   "Tensors are equal whose elements differ by at most T (default: 0)")
      ->type_name("T")
      ->group("Comparison");
  diff->add_option("--sort", options->sort,
                   "Order: l2 (default: largest relative L2 first), max, ulps, name")
      ->check(CLI::IsMember(DiffSortKeys()))
      ->type_name("KEY")
      ->group("Output");
  diff->add_flag("--json", options->json, "Print JSON (schema/diff.schema.json)")->group("Output");
  diff->add_flag("-q,--quiet", options->quiet, "Print nothing: the exit status tells")
      ->group("Output");
  diff->add_flag("-v,--verbose", options->verbose, "List equal tensors, too")->group("Output");
  AddPassOptions(*diff, options->pass);
  diff->callback([options, &action] {
    action = [options](const Streams& streams) { return RunDiff(*options, streams); };
  });
}

}  // namespace polyak::command
