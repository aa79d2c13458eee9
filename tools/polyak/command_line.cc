#include "command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <sstream>
#include <string>

#include "argument_faults.h"
#include "command_description.h"
#include "help_format.h"
#include "polyak.h"

namespace polyak::command {
namespace {

constexpr const char* kDescription =
    "Averages neural-network checkpoints: exactly, out of core, changing nothing but the weights.";
constexpr const char* kFooter =
    "Examples:\n"
    "  polyak average ep09.onnx ep10.onnx ep11.onnx ep12.onnx -o average.onnx\n"
    "  polyak average --method ema --decay 0.9 step*.weights.h5 -o ema.weights.h5\n"
    "  polyak interpolate finetuned.onnx base.onnx -p 0.3 -o blend.onnx\n"
    "  polyak inspect average.onnx\n"
    "  polyak diff ep12.onnx average.onnx\n\n"
    "Exit status:\n"
    "  0  done (diff: equal)\n"
    "  1  the work failed (diff: different)\n"
    "  2  wrong usage (diff: or the work failed)\n"
    "  3  done, but the system could not confirm that the output is durable";

// What CLI11 prints for --help and --version, with an exit status of ours.
Action Print(const CLI::App& app, const CLI::ParseError& request) {
  std::ostringstream out;
  std::ostringstream err;
  app.exit(request, out, err);
  return [text = out.str()](const Streams& streams) {
    streams.out << text;
    return 0;
  };
}

std::string CommandIn(const CLI::App& app) {
  for (const CLI::App* subcommand : app.get_subcommands()) {
    return "polyak " + subcommand->get_name();
  }
  return "polyak";
}

}  // namespace

void DefineCommand(CLI::App& app, Action& action) {
  app.name("polyak");
  app.description(kDescription);
  app.footer(kFooter);
  app.formatter_fn([](const CLI::App* described, const std::string&, CLI::AppFormatMode) {
    return HelpText(Describe(*described));
  });
  app.require_subcommand(0, 1);  // that there is one is checked last: other faults say more
  app.set_version_flag("--version", "polyak " + std::string(Version()),
                       "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  AddAverage(app, action);
  AddInterpolate(app, action);
  AddInspect(app, action);
  AddDiff(app, action);
}

Command Parse(int argc, const char* const* argv) {
  CLI::App app;
  Action action;
  DefineCommand(app, action);
  RefuseEmptyValues(app, std::span(argv, static_cast<std::size_t>(argc)));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return {Print(app, request)};
  } catch (const CLI::ParseError& error) {
    if (const std::optional<Error> unknown = UnknownArgument(app)) throw Error(*unknown);
    throw Error(ErrorKind::kUsage, TextOf(error), CommandIn(app) + " --help tells what there is");
  }
  RefuseOptionsAsValues(app);
  if (!action) {
    throw Error(ErrorKind::kUsage, "a subcommand is missing", "polyak --help tells what there is");
  }
  // 1 says that two checkpoints differ.
  return {action, app.got_subcommand("diff") ? 2 : 1};
}

}  // namespace polyak::command
