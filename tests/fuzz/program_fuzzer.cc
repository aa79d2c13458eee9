// A libFuzzer target: bytes as a file of any format, through the whole library: inspected, averaged
// with itself (the same bytes come out, or an Error), compared. HDF5 goes to the real helper,
// polyak-hdf5, of this build.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "fuzz/checkpoint_trial.h"
#include "support/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace polyak::test;
  static const TemporaryFolder folder;
  static std::uint64_t number = 0;
  const std::filesystem::path output = folder / "out";
  std::filesystem::create_directory(output);
  WriteFile(folder / "m", {reinterpret_cast<const char*>(bytes), count});
  const CheckpointTrial trial{.mutant = folder / "m",
                              .good = TestData("digits/ep01.onnx"),
                              .output = output,
                              .helper = POLYAK_HDF5_HELPER,
                              .number = number++};
  const TrialResult result = Try(trial);
  if (result.judgement == Judgement::kWrong) {
    std::fprintf(stderr, "%s\n", result.complaint.c_str());
    std::abort();
  }
  std::filesystem::remove_all(output);
  return 0;
}
