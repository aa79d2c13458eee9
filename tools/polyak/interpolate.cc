// polyak interpolate: p·A + (1−p)·B.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "job_runner.h"
#include "typed_values.h"
#include "work_options.h"

namespace polyak::command {
namespace {

struct InterpolateOptions {
  WorkOptions work;
  std::string proportion;
  bool extrapolate = false;
};

Job JobOf(const InterpolateOptions& options) {
  Job job = JobOf(options.work, "interpolate");
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
      "of B (of A with --template first) in which the weights are other ones and nothing else has "
      "changed. It appears complete, or not at all.");
  interpolate->footer(
      "Examples:\n"
      "  polyak interpolate finetuned.onnx base.onnx -p 0.3 -o blend.onnx");
  interpolate
      ->add_option("A B", options->work.inputs,
                   "The checkpoint that P weighs, and the other one; or a folder, a quoted glob, "
                   "@LIST of two")
      ->type_name("");
  interpolate->add_option("-p", options->proportion, "The share of A, from 0 to 1")
      ->required()
      ->type_name("P")
      ->group("Method");
  interpolate->add_flag("--extrapolate", options->extrapolate, "Allow P outside 0 to 1")
      ->group("Method");
  AddChoiceOptions(*interpolate, options->work);
  AddWorkOptions(*interpolate, options->work);
  interpolate->callback([options, &action] {
    action = [options](const Streams& streams) {
      return RunJob([&] { return JobOf(*options); }, options->work, streams);
    };
  });
}

}  // namespace polyak::command
