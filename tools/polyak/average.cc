// polyak average: one checkpoint made of several by a method.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command_description.h"
#include "job_runner.h"
#include "typed_values.h"
#include "work_options.h"

namespace polyak::command {
namespace {

struct AverageOptions {
  WorkOptions work;
  std::optional<std::string> method;
  std::optional<std::string> decay;
  std::optional<std::string> half_life;
  std::optional<std::string> weights;
  bool no_normalize = false;
  bool extrapolate = false;
};

std::vector<std::string> MethodNames() {
  std::vector<std::string> names;
  for (const Method& method : Methods()) {
    if (!method.is_pair) names.emplace_back(method.name);
  }
  return names;
}

std::string MethodHelp() {
  std::string help;
  for (const Method& method : Methods()) {
    if (method.is_pair) continue;
    help += std::string(help.empty() ? "How to average: " : "; ") + std::string(method.name) +
            ", " + std::string(method.summary);
  }
  return help;
}

// "1,2.5,1"
std::vector<double> NumbersOf(std::string_view option, std::string_view text) {
  std::vector<double> numbers;
  while (true) {
    const std::size_t comma = text.find(',');
    numbers.push_back(NumberOf(option, text.substr(0, comma)));
    if (comma == std::string_view::npos) return numbers;
    text.remove_prefix(comma + 1);
  }
}

Job JobOf(const AverageOptions& options) {
  // Weights without a method can mean only one.
  const std::string method = options.method.value_or(options.weights ? "weights" : "uniform");
  if (FindMethod(method).is_pair) {
    throw Error(ErrorKind::kUsage, "average has no method " + method,
                "polyak " + method + " does it");
  }
  Job job = JobOf(options.work, method);
  if (options.decay) job.options.decay = NumberOf("--decay", *options.decay);
  if (options.half_life) job.options.half_life = NumberOf("--half-life", *options.half_life);
  if (options.weights) job.options.weights = NumbersOf("--weights", *options.weights);
  job.options.no_normalize = options.no_normalize;
  job.options.extrapolate = options.extrapolate;
  return job;
}

void AddMethodOptions(CLI::App& average, AverageOptions& options) {
  average.add_option("--method", options.method, MethodHelp())
      ->check(Described(MethodNames()))
      ->type_name("NAME")
      ->group("Method");
  average.add_option("--decay", options.decay, "ema: the decay, 0 <= BETA < 1")
      ->type_name("BETA")
      ->group("Method");
  average
      .add_option("--half-life", options.half_life,
                  "ema: after how many checkpoints a weight has halved, instead of the decay")
      ->type_name("H")
      ->group("Method");
  average.add_option("--weights", options.weights, "weights: one number per checkpoint")
      ->type_name("W,W,...")
      ->group("Method");
  average.add_flag("--no-normalize", options.no_normalize, "weights: don't divide by their sum")
      ->group("Method");
  average.add_flag("--extrapolate", options.extrapolate, "weights: allow negative ones")
      ->group("Method");
}

}  // namespace

void AddAverage(CLI::App& app, Action& action) {
  const auto options = std::make_shared<AverageOptions>();
  CLI::App* average = app.add_subcommand(
      "average",
      "Average two or more checkpoints\n\n"
      "An input is a file, a folder of checkpoints, a quoted glob, or @LIST, a text file with a "
      "path per line. Folders and globs are taken in the order of the numbers in the names, oldest "
      "first; files given one by one keep their order. The last one is the template, unless "
      "--template names another: the output is a copy of it in which the weights are the average "
      "and nothing else has changed. All must have the same tensors, with the same shapes and "
      "dtypes. The output appears complete, or not at all.");
  average->footer(
      "Examples:\n"
      "  polyak average ep09.onnx ep10.onnx ep11.onnx -o average.onnx\n"
      "  polyak average run3/ --last 10 -o average.h5\n"
      "  polyak average --method ema --half-life 3 'run3/ckpt-*.h5' -o ema.h5\n"
      "  polyak average --weights 1,2,1 a.h5 b.h5 c.h5 -o weighted.h5\n"
      "  polyak average run3/ --exclude '*bias*' --dry-run -o average.h5");
  average
      ->add_option(
          "CKPT", options->work.inputs,
          "Checkpoints (ONNX, HDF5, Keras), oldest first: files, folders, quoted globs, @LIST")
      ->type_name("");
  AddMethodOptions(*average, *options);
  AddChoiceOptions(*average, options->work);
  AddWorkOptions(*average, options->work);
  average->callback([options, &action] {
    action = [options](const Streams& streams) {
      return RunJob([&] { return JobOf(*options); }, options->work, streams);
    };
  });
}

}  // namespace polyak::command
