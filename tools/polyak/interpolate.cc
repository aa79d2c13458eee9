// polyak interpolate: p·A + (1−p)·B.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "work_options.h"

namespace polyak::command {
namespace {

struct InterpolateOptions {
  WorkOptions work;
  std::string first;
  std::string second;
  std::string proportion;
  bool extrapolate = false;
};

Job JobOf(const InterpolateOptions& options) {
  Job job = JobOf(options.work);
  job.inputs = {options.first, options.second};
  job.method = "interpolate";
  job.options.proportion = NumberOf("-p", options.proportion);
  job.options.extrapolate = options.extrapolate;
  return job;
}

}  // namespace

void AddInterpolate(CLI::App& app, Action& action) {
  const auto options = std::make_shared<InterpolateOptions>();
  CLI::App* interpolate = app.add_subcommand(
      "interpolate",
      "Write P*A + (1-P)*B\n\n"
      "A and B must have the same tensors, with the same shapes and dtypes. The output is a copy "
      "of B in which the weights are other ones and nothing else has changed. It appears "
      "complete, or not at all.");
  interpolate->footer(
      "Examples:\n"
      "  polyak interpolate finetuned.onnx base.onnx -p 0.3 -o blend.onnx");
  interpolate->add_option("A", options->first, "The checkpoint that P weighs")
      ->required()
      ->type_name("");
  interpolate->add_option("B", options->second, "The other one; the output is a copy of it")
      ->required()
      ->type_name("");
  interpolate->add_option("-p", options->proportion, "The share of A, from 0 to 1")
      ->required()
      ->type_name("P");
  interpolate->add_flag("--extrapolate", options->extrapolate, "Allow P outside 0 to 1");
  AddWorkOptions(*interpolate, options->work);
  interpolate->callback([options, &action] {
    action = [options](const Streams& streams) {
      return RunJob(JobOf(*options), options->work, streams);
    };
  });
}

}  // namespace polyak::command
