#include "fuzz/checkpoint_trial.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "diff.h"
#include "inspect.h"
#include "polyak.h"
#include "support/files.h"

namespace polyak::test {
namespace {

namespace fs = std::filesystem;

// Nothing where it is made; otherwise why not.
std::optional<Error> Average(const CheckpointTrial& trial, std::vector<fs::path> inputs,
                             bool write_provenance) {
  Job job;
  job.inputs = std::move(inputs);
  job.output = trial.output / trial.mutant.filename();
  job.write_provenance = write_provenance;
  job.threads = 1;
  job.hdf5_helper = trial.helper;
  try {
    polyak::Average(job);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

void EmptyOutput(const CheckpointTrial& trial) {
  for (const auto& entry : fs::directory_iterator(trial.output)) fs::remove(entry.path());
}

// What is wrong with the average of the mutant with itself: each of its files is the mutant's.
std::string FirstDifference(const CheckpointTrial& trial) {
  for (const auto& entry : fs::directory_iterator(trial.output)) {
    const fs::path source = trial.mutant.parent_path() / entry.path().filename();
    if (!fs::exists(source)) return "wrote " + entry.path().filename().string();
    if (ReadFile(source) != ReadFile(entry.path())) {
      return entry.path().filename().string() + " does not come back byte for byte";
    }
  }
  if (!fs::exists(trial.output / trial.mutant.filename())) return "no output";
  return "";
}

// Filters that only the HDF5 library has read past what is stored of a damaged chunk: what they
// make of it is another thing each time.
bool IsCodedByLibrary(const CheckpointTrial& trial) {
  InspectJob job;
  job.path = trial.mutant;
  job.hdf5_helper = trial.helper;
  for (const TensorInfo& tensor : Inspect(job).checkpoint->tensors()) {
    for (const char* filter : {"nbit", "scaleoffset", "szip"}) {
      if (tensor.storage.find(filter) != tensor.storage.npos) return true;
    }
  }
  return false;
}

// The mean of it and a good one, which is another: refused, or it can be read again.
std::string TryWithGood(const CheckpointTrial& trial) {
  EmptyOutput(trial);
  const bool is_template = trial.number % 2 == 0;
  const auto refused = is_template ? Average(trial, {trial.good, trial.mutant}, true)
                                   : Average(trial, {trial.mutant, trial.good}, true);
  if (refused) return fs::is_empty(trial.output) ? "" : "a refusal left something";
  try {
    InspectJob job;
    job.path = trial.output / trial.mutant.filename();
    job.hdf5_helper = trial.helper;
    Inspect(job);
    return "";
  } catch (const Error& error) {
    return std::string("the average can't be read: ") + error.what();
  }
}

// Reads all of its elements in other ways; any Error will do.
void Look(const CheckpointTrial& trial) {
  try {
    DiffJob job;
    job.a = trial.mutant;
    job.b = trial.good;
    job.threads = 1;
    job.hdf5_helper = trial.helper;
    Compare(job);
    InspectJob inspect;
    inspect.path = trial.mutant;
    inspect.statistics = true;
    inspect.threads = 1;
    inspect.hdf5_helper = trial.helper;
    Inspect(inspect);
  } catch (const Error&) {
    return;
  }
}

}  // namespace

TrialResult JudgementOf(const std::exception& error) {
  const std::string_view text = error.what();
  for (const char* sign :
       {"crashed on it", "processor time", "said nothing", "without an answer", "was killed"}) {
    if (text.find(sign) != text.npos) return {Judgement::kHelperCrashed, error.what()};
  }
  return {Judgement::kRefused, error.what()};
}

TrialResult Try(const CheckpointTrial& trial) {
  if (const auto refused = Average(trial, {trial.mutant, trial.mutant}, false)) {
    if (!fs::is_empty(trial.output)) return {Judgement::kWrong, "a refusal left something"};
    if (trial.number % 8 == 0) Look(trial);
    return JudgementOf(*refused);
  }
  std::string wrong = FirstDifference(trial);
  if (!wrong.empty() && IsCodedByLibrary(trial)) wrong.clear();
  if (wrong.empty()) wrong = TryWithGood(trial);
  if (trial.number % 4 == 0) Look(trial);
  return {wrong.empty() ? Judgement::kAccepted : Judgement::kWrong, wrong};
}

}  // namespace polyak::test
