#include "work_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "inputs/input_choice.h"
#include "typed_values.h"

namespace polyak::command {
namespace {

ChosenInputs InputsOf(const WorkOptions& options, const Method& method) {
  InputRequest request;
  request.arguments = options.inputs;
  if (options.last) request.last = CountOf("--last", *options.last);
  if (options.every) request.every = CountOf("--every", *options.every);
  request.order_matters = method.uses_order && !method.is_pair;
  request.is_checkpoint = IsCheckpoint;
  request.is_part = IsPartOfCheckpoint;
  return ChooseInputs(request);
}

void SetTemplate(const std::string& choice, Job& job) {
  if (choice == "first") {
    job.template_index = 0;
  } else if (choice != "last") {
    job.template_path = choice;
  }
}

void AddTensorOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("--include", options.include,
                 "Average only tensors whose names match, optimizer state too")
      ->type_name("GLOB")
      ->allow_extra_args(false)
      ->group("Choice");
  app.add_option("--exclude", options.exclude,
                 "Keep the template's value of tensors whose names match, whatever the others have")
      ->type_name("GLOB")
      ->allow_extra_args(false)
      ->group("Choice");
  app.add_option("--missing", options.missing,
                 "What to do with a tensor that some checkpoints lack: refuse, or keep the "
                 "template's value (default: error)")
      ->check(CLI::IsMember({"error", "keep"}))
      ->type_name("error|keep")
      ->group("Choice");
  app.add_option(
         "--match", options.match,
         "How to pair the tensors of the checkpoints: by their names, or where those differ "
         "by their place in the graph (ONNX) or in the order of loading (Keras .h5; "
         "default: name)")
      ->check(CLI::IsMember({"name", "position", "graph"}))
      ->type_name("name|position|graph")
      ->group("Choice");
  app.add_option("--quantized", options.quantized,
                 "What to do with quantized tensors, which can't be averaged: refuse, or keep the "
                 "template's (default: refuse)")
      ->check(CLI::IsMember({"refuse", "keep"}))
      ->type_name("refuse|keep")
      ->group("Choice");
}

}  // namespace

void AddChoiceOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("--last", options.last, "Take only the newest N of the checkpoints")
      ->type_name("N")
      ->group("Choice");
  app.add_option("--every", options.every,
                 "Take only every K-th of them, counted back from the newest; --last counts what "
                 "is left")
      ->type_name("K")
      ->group("Choice");
  app.add_option("--template", options.template_choice,
                 "The checkpoint that the output copies all but the averages from (default: last)")
      ->type_name("first|last|PATH")
      ->group("Choice");
  AddTensorOptions(app, options);
}

void AddWorkOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("-o,--output", options.output, "The checkpoint to write")
      ->required()
      ->type_name("FILE")
      ->group("Output");
  app.add_flag("-f,--force", options.force, "Replace an existing output (and report)")
      ->group("Output");
  app.add_flag("--dry-run", options.dry_run,
               "Print what each tensor would get and why, bytes and memory; write nothing")
      ->group("Output");
  app.add_option("--report", options.report, "Write what was done as JSON")
      ->type_name("FILE")
      ->group("Output");
  app.add_flag("--json", options.json, "Print what was done, or what is wrong, as JSON")
      ->group("Output");
  app.add_flag("--no-provenance", options.no_provenance,
               "Don't record in the output how it was made")
      ->group("Output");
  app.add_flag("--single-data", options.single_data,
               "Write ONNX external data to one file, OUT.data, whatever files the template has")
      ->group("Output");
  app.add_flag("--strict", options.strict, "Make every warning an error")->group("Run");
  app.add_flag("--allow-nonfinite", options.allow_nonfinite,
               "Average NaN and infinity by the rules of IEEE 754 instead of refusing")
      ->group("Run");
  AddPassOptions(app, options.pass);
  app.add_flag("-q,--quiet", options.quiet, "Print no summary and no progress")->group("Run");
  app.add_flag("-v,--verbose", options.verbose, "List every input and every kept tensor")
      ->group("Run");
}

Job JobOf(const WorkOptions& options, std::string_view method) {
  ChosenInputs chosen = InputsOf(options, FindMethod(method));
  Job job;
  job.method = method;
  job.inputs = std::move(chosen.paths);
  job.warnings = std::move(chosen.warnings);
  job.left_out = std::move(chosen.left_out_by_window);
  job.keep_intact = job.left_out;
  std::ranges::move(chosen.lists, std::back_inserter(job.keep_intact));
  job.output = options.output;
  if (!options.report.empty()) job.other_outputs.emplace_back(options.report);
  job.replace_existing = options.force;
  if (options.template_choice) SetTemplate(*options.template_choice, job);
  job.selection = {.include = options.include, .exclude = options.exclude};
  if (options.missing == "keep") job.missing = MissingTensors::kKeep;
  if (options.match == "graph") job.match = MatchBy::kGraph;
  if (options.match == "position") job.match = MatchBy::kPosition;
  if (options.quantized == "keep") job.quantized = QuantizedTensors::kKeep;
  job.strict = options.strict;
  job.allow_nonfinite = options.allow_nonfinite;
  job.write_provenance = !options.no_provenance;
  job.single_data = options.single_data;
  return job;
}

}  // namespace polyak::command
