// mutated_answers SEEDS LIAR HELPER KEPT FIRST COUNT [tell]: averages the checkpoints in SEEDS (as
// mutated_files has them) by a helper that lies, in ways FIRST, FIRST + 1, ... What comes out is
// kept in KEPT, to be looked at. Prints and ends as mutated_files.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"
#include "fuzz/checkpoint_trial.h"
#include "fuzz/forked_trial.h"
#include "fuzz/trial_series.h"
#include "polyak.h"
#include "support/files.h"

namespace polyak::test {
namespace {

namespace fs = std::filesystem;

// What the program was given.
struct Settings {
  fs::path seeds;
  fs::path liar;
  fs::path helper;
  fs::path kept;
};

struct Inputs {
  std::array<fs::path, 2> paths;
  std::array<std::string, 2> bytes;
};

std::vector<Inputs> InputsIn(const fs::path& folder) {
  std::vector<Inputs> found;
  for (const auto& seed : fs::directory_iterator(folder)) {
    Inputs inputs;
    for (const auto& entry : fs::directory_iterator(seed.path() / "a")) {
      inputs.paths = {entry.path(), seed.path() / "b" / entry.path().filename()};
    }
    for (std::size_t i = 0; i < 2; ++i) inputs.bytes[i] = ReadFile(inputs.paths[i]);
    found.push_back(std::move(inputs));
  }
  if (found.empty()) throw std::runtime_error("no seeds");
  std::ranges::sort(found, {}, &Inputs::paths);
  return found;
}

TrialResult Average(const Settings& settings, const Inputs& inputs, const fs::path& output,
                    std::uint64_t number) {
  setenv("POLYAK_LIE", std::to_string(number).c_str(), 1);
  setenv("POLYAK_TRUTH", settings.helper.c_str(), 1);
  Job job;
  job.inputs = {inputs.paths.begin(), inputs.paths.end()};
  job.output = output / inputs.paths[0].filename();
  job.write_provenance = number % 3 != 0;
  job.threads = 1 + number % 2;
  job.hdf5_helper = settings.liar;
  try {
    polyak::Average(job);
    return {Judgement::kAccepted, ""};
  } catch (const Error& error) {
    if (!fs::is_empty(output)) return {Judgement::kWrong, "a refusal left something"};
    return JudgementOf(error);
  }
}

// The inputs are untouched, and there is at most the output, of about the size that it should have.
std::string FirstHarm(const Inputs& inputs, const fs::path& output, Judgement judgement) {
  constexpr std::uintmax_t kMostGrowth = std::uintmax_t{1} << 20;
  for (std::size_t i = 0; i < 2; ++i) {
    if (ReadFile(inputs.paths[i]) != inputs.bytes[i]) return "an input has changed";
  }
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(output)) {
    if (entry.path().filename() != inputs.paths[0].filename())
      return "wrote " + entry.path().string();
    if (entry.file_size() > inputs.bytes[1].size() + kMostGrowth) return "the output is huge";
    ++files;
  }
  if (judgement == Judgement::kAccepted && files != 1) return "no output";
  return "";
}

TrialResult TryLie(const Settings& settings, const Inputs& inputs, std::uint64_t number,
                   std::uint64_t all) {
  const TemporaryFolder folder;
  TrialResult result = RunForked([&] { return Average(settings, inputs, folder.path(), number); });
  if (result.judgement == Judgement::kWrong) return result;
  const std::string harm = FirstHarm(inputs, folder.path(), result.judgement);
  if (!harm.empty()) return {Judgement::kWrong, harm};
  if (result.judgement == Judgement::kAccepted) {
    const fs::path name = inputs.paths[0].filename();
    fs::copy_file(folder / name.string(),
                  settings.kept / (std::to_string(all) + "-" + name.string()));
  }
  return result;
}

int Run(char** arguments, bool tells_all) {
  const Settings settings{arguments[1], arguments[2], arguments[3], arguments[4]};
  const std::vector<Inputs> all = InputsIn(settings.seeds);
  const TrialSeries series{.name = "lie",
                           .first = std::strtoull(arguments[5], nullptr, 10),
                           .count = std::strtoull(arguments[6], nullptr, 10),
                           .tells_all = tells_all};
  return MakeTrials(series, [&](std::uint64_t number) {
    return TryLie(settings, all[number % all.size()], number / all.size(), number);
  });
}

}  // namespace
}  // namespace polyak::test

int main(int argc, char** argv) {
  constexpr int kArguments = 7;
  if (argc != kArguments && argc != kArguments + 1) return 2;
  return polyak::test::Run(argv, argc > kArguments);
}
