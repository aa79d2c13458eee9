#include "prepared_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "arithmetic/linear_mean.h"
#include "engine/comparison.h"
#include "formats/registry.h"
#include "io/input_file.h"
#include "io/memory_use.h"
#include "io/output_place.h"
#include "report/checkpoint_warnings.h"

namespace polyak {
namespace {

// What decides which bytes the output has.
std::vector<OptionReport> OptionsOf(const Job& job) {
  std::vector<OptionReport> options;
  for (const GivenOption& option : GivenOptions(job.options)) {
    std::visit(
        [&](const auto& value) {
          options.push_back({std::string(option.name), value});
        },
        option.value);
  }
  if (!job.selection.include.empty()) options.push_back({"include", job.selection.include});
  if (!job.selection.exclude.empty()) options.push_back({"exclude", job.selection.exclude});
  if (job.missing == MissingTensors::kKeep) options.push_back({"missing", std::string("keep")});
  if (job.match == MatchBy::kGraph) options.push_back({"match", std::string("graph")});
  if (job.match == MatchBy::kPosition) options.push_back({"match", std::string("position")});
  if (job.quantized == QuantizedTensors::kKeep) {
    options.push_back({"quantized", std::string("keep")});
  }
  if (job.single_data) options.push_back({"single-data", true});
  if (job.allow_nonfinite) options.push_back({"allow-nonfinite", true});
  return options;
}

}  // namespace

OutputRequest OutputRequestOf(const Job& job) {
  OutputRequest request;
  request.path = job.output;
  request.replace_existing = job.replace_existing;
  request.single_data = job.single_data;
  request.stop = job.control.stop;
  return request;
}

PreparedRun::PreparedRun(const Job& job) : job_(job) {
  DescribeJob();
  OpenInputs();
  RefuseParts();
  RefuseOutputOverInput();
  report_.free_bytes = FindOutputPlace(job.output, job.replace_existing).free_bytes;
  report_.data_files = reference().DataFilesOf(OutputRequestOf(job));
  RefuseOtherOutputs();
  report_.seconds.open = LapSeconds();
  // The helpers' peak is over before the tiles': the two don't add up.
  report_.peak_memory_bytes = PeakMemoryBytes();
  if (report_.peak_memory_bytes != 0) {
    report_.peak_memory_bytes += opened_.helpers * PeakMemoryBytesOfChildren();
  }
  for (std::string& warning : WarningsOf(inputs_)) Warn(std::move(warning));
  WarnOfRepeated();
  DescribeInputs();
  MakePlans();
  report_.seconds.plan = LapSeconds();
  CompareKeptTensors();
  report_.seconds.compare = LapSeconds();
  CheckStrict();
}

void PreparedRun::Warn(std::string text) {
  if (job_.control.warning && !job_.strict) job_.control.warning(text);
  report_.warnings.push_back(std::move(text));
}

void PreparedRun::CheckStrict() const {
  constexpr std::size_t kMostTold = 10;
  const std::vector<std::string>& warnings = report_.warnings;
  if (!job_.strict || warnings.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(warnings.size(), kMostTold); ++i) {
    text += (i == 0 ? "" : "; ") + warnings[i];
  }
  if (warnings.size() > kMostTold) {
    text += fmt::format("; and {} more", warnings.size() - kMostTold);
  }
  throw Error(ErrorKind::kMismatch, std::move(text),
              fmt::format("without --strict {}",
                          warnings.size() == 1 ? "this is a warning" : "these are warnings"));
}

double PreparedRun::LapSeconds() {
  const Clock::time_point now = Clock::now();
  return std::chrono::duration<double>(now - std::exchange(lap_, now)).count();
}

void PreparedRun::DescribeJob() {
  const Method& method = FindMethod(job_.method);
  linear_ = MakeWeights(method, job_.options, job_.inputs.size());
  plan_.template_index = TemplateIndex();
  report_.version = Version();
  report_.method = job_.method;
  report_.options = OptionsOf(job_);
  report_.template_index = plan_.template_index;
  report_.output = job_.output;
  report_.left_out = job_.left_out;
  report_.memory_budget_bytes = job_.memory_bytes;
  for (const std::string& warning : job_.warnings) Warn(warning);
  for (const std::string& warning : linear_.warnings) Warn(warning);
}

std::size_t PreparedRun::TemplateIndex() const {
  if (job_.template_path.empty()) {
    const std::size_t index = job_.template_index.value_or(job_.inputs.size() - 1);
    if (index < job_.inputs.size()) return index;
  } else if (const std::optional<FileIdentity> wanted = IdentityOf(job_.template_path)) {
    for (std::size_t k = 0; k < job_.inputs.size(); ++k) {
      if (IdentityOf(job_.inputs[k]) == wanted) return k;
    }
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("the template {} is not one of the checkpoints to be averaged",
                          job_.template_path.string()),
              "the output copies the template, and is an average of all");
}

void PreparedRun::OpenInputs() {
  opened_ = OpenCheckpoints({.paths = job_.inputs,
                             .threads = ThreadsOrDefault(job_.threads, false),
                             .memory_bytes = job_.memory_bytes,
                             .hdf5_helper = job_.hdf5_helper,
                             .temporary_folder = FindOutputPlace(job_.output, true).folder,
                             .stop = job_.control.stop});
  report_.format = opened_.checkpoints[plan_.template_index].format;
  for (const OpenedCheckpoint& opened : opened_.checkpoints) {
    inputs_.push_back(opened.checkpoint.get());
  }
}

// A checkpoint and a part of it, as a glob gives them, are not two checkpoints.
void PreparedRun::RefuseParts() const {
  std::map<std::pair<std::uint64_t, std::uint64_t>, const Checkpoint*> whole_with_part;
  for (const Checkpoint* input : inputs_) {
    const std::vector<FileIdentity> files = input->files();
    for (const FileIdentity& file : std::span(files).subspan(1)) {
      whole_with_part.emplace(std::pair(file.device, file.inode), input);
    }
  }
  for (const Checkpoint* input : inputs_) {
    const FileIdentity main = input->files().front();
    const auto found = whole_with_part.find({main.device, main.inode});
    if (found == whole_with_part.end()) continue;
    Error error(ErrorKind::kUsage,
                fmt::format("is a part of {}, which is to be averaged, too",
                            found->second->path().string()),
                "a folder, or a glob such as '*.weights.json', gives whole checkpoints only");
    error.AddContext(input->path().string());
    throw error;
  }
}

void PreparedRun::RefuseOutputOverInput() const {
  const std::optional<FileIdentity> output = IdentityOf(job_.output);
  if (!output) return;
  for (const Checkpoint* input : inputs_) {
    const std::vector<FileIdentity> files = input->files();
    if (std::ranges::find(files, *output) == files.end()) continue;
    RefuseOutput("the input " + input->path().string());
  }
  for (const std::filesystem::path& path : job_.keep_intact) {
    if (IdentityOf(path) == output) RefuseOutput(path.string() + ", which the run was told of");
  }
}

// What else the caller writes must not take the place of what the run reads or writes.
void PreparedRun::RefuseOtherOutputs() const {
  for (const std::filesystem::path& path : job_.other_outputs) {
    const std::optional<FileIdentity> file = IdentityOf(path);
    std::string what;
    for (const Checkpoint* input : inputs_) {
      const std::vector<FileIdentity> files = input->files();
      if (file && std::ranges::find(files, *file) != files.end()) {
        what = "a file of the input " + input->path().string();
      }
    }
    for (const std::filesystem::path& data : report_.data_files) {
      if (IsSamePlace(path, data)) what = "the output's data";
    }
    if (what.empty()) continue;
    Error error(ErrorKind::kUsage, "would replace " + what);
    error.AddContext(path.string());
    throw error;
  }
}

void PreparedRun::RefuseOutput(const std::string& what) const {
  Error error(ErrorKind::kUsage, "the output is " + what);
  error.AddContext(job_.output.string());
  throw error;
}

void PreparedRun::WarnOfRepeated() {
  constexpr std::size_t kMostWarnings = 5;
  using File = std::pair<std::uint64_t, std::uint64_t>;
  std::map<File, std::vector<std::size_t>> inputs_with_file;  // the file that names the others
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    const FileIdentity main = inputs_[k]->files().front();
    inputs_with_file[{main.device, main.inode}].push_back(k);
  }
  std::erase_if(inputs_with_file, [](const auto& file) { return file.second.size() < 2; });
  std::size_t told = 0;
  for (const auto& [file, inputs] : inputs_with_file) {
    if (++told > kMostWarnings) break;
    Warn(fmt::format(
        "{} and {} are the same file{}", inputs_[inputs[0]]->path().string(),
        inputs_[inputs[1]]->path().string(),
        inputs.size() == 2 ? "" : fmt::format(", and so are {} more", inputs.size() - 2)));
  }
  if (inputs_with_file.size() > kMostWarnings) {
    Warn(fmt::format("{} more files are there several times",
                     inputs_with_file.size() - kMostWarnings));
  }
}

void PreparedRun::DescribeInputs() {
  const std::vector<double> effective = EffectiveWeights(linear_.weights, linear_.normalised);
  constexpr double kMostOfOne = 0.9;
  const Method& method = FindMethod(job_.method);
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    report_.inputs.push_back({.path = inputs_[k]->path(),
                              .file_bytes = inputs_[k]->file_bytes(),
                              .weight = linear_.weights[k],
                              .effective_weight = effective[k],
                              .payload_hash = {}});
    if (!method.is_pair && linear_.normalised && effective[k] > kMostOfOne) {
      Warn(fmt::format("{} alone has {:.1f} % of the weight", inputs_[k]->path().string(),
                       effective[k] * 100));
    }
  }
  if (!job_.write_provenance && !reference().provenance().empty()) {
    Warn("the output keeps the template's provenance record, which is not about it");
  }
}

void PreparedRun::MakePlans() {
  const std::uint64_t description_bytes = DescriptionBytes(reference().tensors());
  plan_ = MakePlan(inputs_,
                   {.template_index = plan_.template_index,
                    .selection = job_.selection,
                    .missing = job_.missing,
                    .match = job_.match,
                    .quantized = job_.quantized,
                    .list_bytes = ListBudgetBytes(job_.memory_bytes, opened_.index_bytes_in_turn)});
  for (const std::string& warning : plan_.warnings) Warn(warning);
  DescribeTensors(plan_, reference().tensors(), report_);
  const WorkNeeds needs = NeedsOfAll();
  OutputRequest output = OutputRequestOf(job_);
  output.replaced = plan_.averaged;
  memory_ = PlanMemoryWith(
      opened_, {.budget_bytes = job_.memory_bytes,
                .index_bytes = description_bytes + reference().OutputMemoryBytes(output),
                .inputs = inputs_.size(),
                .threads = ThreadsOrDefault(job_.threads, needs.is_coded),
                .average_bytes = plan_.averaged_bytes,
                .largest_chunk_bytes = needs.tile_bytes,
                .scratch_bytes = needs.scratch_bytes,
                .shared_bytes = needs.shared_bytes,
                .commit_bytes = reference().CommitMemoryBytes(output),
                .largest_chunk_of = NameOfLargestChunk(needs.tile_bytes)});
  report_.workers = memory_.workers;
  report_.planned_memory_bytes = memory_.peak_bytes;
  const auto weighty = std::ranges::count_if(linear_.weights, [](double w) { return w != 0; });
  report_.read_bytes = plan_.averaged_bytes * static_cast<std::uint64_t>(weighty);
  report_.write_bytes = reference().file_bytes();
}

// Tiles are the template's; reading needs what it needs in each input.
WorkNeeds PreparedRun::NeedsOfAll() const {
  WorkNeeds all = reference().NeedsOf(plan_.averaged);
  std::vector<std::size_t> tensors;
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    tensors.clear();
    for (const std::size_t t : plan_.averaged) tensors.push_back(plan_.matches[k][t]);
    const WorkNeeds needs = inputs_[k]->NeedsOf(tensors);
    all.scratch_bytes = std::max(all.scratch_bytes, needs.scratch_bytes);
    all.shared_bytes = std::max(all.shared_bytes, needs.shared_bytes);
    all.is_coded = all.is_coded || needs.is_coded;
  }
  return all;
}

// Empty where it takes too little for anybody to ask.
std::string PreparedRun::NameOfLargestChunk(std::uint64_t chunk_bytes) const {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;
  if (chunk_bytes < kLarge) return {};
  for (const std::size_t tensor : plan_.averaged) {
    if (reference().NeedsOf(std::span(&tensor, 1)).tile_bytes == chunk_bytes) {
      return reference().tensors()[tensor].name;
    }
  }
  return {};
}

// Kept tensors that differ: a warning, or the end.
void PreparedRun::CompareKeptTensors() {
  constexpr std::size_t kMostWarnings = 20;
  const std::vector<TensorDifference> differences =
      CompareKept(inputs_, plan_, memory_.workers, job_.control);
  for (const TensorDifference& difference : differences) {
    if (plan_.tensors[difference.tensor].action == Action::kRequireEqual) Refuse(difference);
  }
  const std::size_t told = std::min(differences.size(), kMostWarnings);
  for (const auto& [tensor, input] : std::span(differences).first(told)) {
    Warn(fmt::format("{}: kept from the template, though it differs in {}",
                     reference().tensors()[tensor].name, inputs_[input]->path().string()));
  }
  if (told < differences.size()) {
    Warn(fmt::format("{} more tensors are kept from the template, though they differ",
                     differences.size() - told));
  }
}

void PreparedRun::Refuse(const TensorDifference& difference) const {
  const TensorInfo& tensor = reference().tensors()[difference.tensor];
  const bool is_weight = tensor.role == Role::kParameter;
  const std::string what =
      is_weight ? fmt::format("is a weight of {}, which can't be averaged,", NameOf(tensor.dtype))
                : "is " + plan_.rules[plan_.tensors[difference.tensor].rule];
  Error error(ErrorKind::kMismatch,
              fmt::format("{} and has another value than in {}", what, reference().path().string()),
              is_weight ? "--exclude NAME keeps the template's value, whatever the others have"
                        : "the models differ in more than their weights");
  error.AddContext(tensor.name);
  error.AddContext(inputs_[difference.input]->path().string());
  throw error;
}

}  // namespace polyak
