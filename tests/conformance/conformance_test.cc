// What every format must do, over every row of the registry. A new row needs a fixture here.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "formats/registry.h"
#include "polyak.h"
#include "support/files.h"
#include "support/zip_builder.h"

namespace polyak {
namespace {

// A .keras archive with these weights.
std::filesystem::path ArchiveAround(const std::filesystem::path& weights) {
  static const test::TemporaryFolder folder;
  const std::filesystem::path path = folder / (weights.stem().string() + ".keras");
  test::ZipBuilder zip;
  zip.Add("metadata.json", R"({"keras_version": "3.9.0"})").Add("config.json", "{}");
  zip.Add("model.weights.h5", test::ReadFile(weights)).Add("assets/vocabulary.txt", "word");
  test::WriteFile(path, zip.Bytes());
  return path;
}

std::filesystem::path Fixture(const std::string& format, int epoch = 12) {
  const std::string number = (epoch < 10 ? "0" : "") + std::to_string(epoch);
  if (format == "hdf5") return test::TestData("digits/ep" + number + ".h5");
  if (format == "onnx") return test::TestData("digits/ep" + number + ".onnx");
  if (format == "keras") return ArchiveAround(test::TestData("digits/ep" + number + ".h5"));
  throw std::runtime_error("no fixture for format " + format);
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Format& format : Formats()) names.emplace_back(format.name);
  return names;
}

class EveryFormat : public ::testing::TestWithParam<std::string> {
 protected:
  EveryFormat() { context_.hdf5_helper = HelperBesideTheProgram(); }

  static std::filesystem::path HelperBesideTheProgram() {
    return std::filesystem::path(POLYAK_PROGRAM).parent_path() / "polyak-hdf5";
  }

  OpenedCheckpoint Open(const std::filesystem::path& path) {
    return OpenCheckpoint(path, context_);
  }

  Report Average(const std::vector<std::filesystem::path>& inputs, std::size_t threads,
                 std::uint64_t memory_bytes, bool write_provenance) {
    Job job;
    job.inputs = inputs;
    job.output = folder_ / "out";
    job.replace_existing = true;
    job.threads = threads;
    job.memory_bytes = memory_bytes;
    job.write_provenance = write_provenance;
    job.hdf5_helper = HelperBesideTheProgram();
    return polyak::Average(job);
  }

  test::TemporaryFolder folder_;
  OpenContext context_;
};

TEST_P(EveryFormat, KnowsItsOwnFilesByContent) {
  std::filesystem::copy_file(Fixture(GetParam()), folder_ / "misnamed.txt");
  EXPECT_EQ(Open(folder_ / "misnamed.txt").format, GetParam());
}

TEST_P(EveryFormat, CloneWithNothingReplacedIsByteIdentical) {
  const auto checkpoint = Open(Fixture(GetParam())).checkpoint;
  const auto output =
      checkpoint->BeginOutput({.path = folder_ / "out", .replaced = {}, .provenance = {}});
  for (std::size_t part = 0; part < output->kept_parts(); ++part) output->WriteKept(part);
  output->Commit("");
  EXPECT_EQ(test::ReadFile(folder_ / "out"), test::ReadFile(Fixture(GetParam())));
}

TEST_P(EveryFormat, ReadsAnyBoxAsThePartOfTheWhole) {
  const auto checkpoint = Open(Fixture(GetParam())).checkpoint;
  for (std::size_t t = 0; t < checkpoint->tensors().size(); ++t) {
    const TensorInfo& tensor = checkpoint->tensors()[t];
    std::vector<float> whole(tensor.elements);
    checkpoint->Read(t, RangeBox(0, tensor.elements), std::as_writable_bytes(std::span(whole)));
    Box box{Coordinates(tensor.shape), Coordinates(tensor.shape)};
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      box.start[d] = tensor.shape[d] / 3;
      box.count[d] = tensor.shape[d] - box.start[d] - tensor.shape[d] / 4;
    }
    std::vector<float> expected;
    ForEachRun(tensor.shape, box, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t e = first; e < first + count; ++e) expected.push_back(whole[e]);
    });
    std::vector<float> part(ElementsIn(box));
    checkpoint->Read(t, box, std::as_writable_bytes(std::span(part)));
    EXPECT_EQ(part, expected) << tensor.name;
  }
}

TEST_P(EveryFormat, SharesTheListOfTensorsWithTheCheckpointBeforeIt) {
  const auto first = Open(Fixture(GetParam(), 9)).checkpoint;
  const std::uint64_t of_first = context_.index_budget.used_bytes();
  const auto second = Open(Fixture(GetParam(), 10)).checkpoint;
  EXPECT_EQ(second->tensors().data(), first->tensors().data());
  std::uint64_t list_bytes = 0;
  for (const TensorInfo& tensor : first->tensors()) list_bytes += tensor.list_bytes();
  const std::uint64_t of_second = context_.index_budget.used_bytes() - of_first;
  EXPECT_GT(of_second, 0U) << "where the payloads lie";
  EXPECT_LE(of_second + list_bytes, of_first);
  EXPECT_GE(context_.index_budget.most_bytes(), of_first + list_bytes) << "it had its own at first";
}

TEST_P(EveryFormat, AverageOfOneFileWithItselfIsThatFile) {
  const auto path = Fixture(GetParam());
  Average({path, path, path}, 2, kDefaultMemoryBytes, false);
  EXPECT_EQ(test::ReadFile(folder_ / "out"), test::ReadFile(path));
}

TEST_P(EveryFormat, ThreadsAndMemoryDoNotMatter) {
  const std::vector<std::filesystem::path> inputs = {
      Fixture(GetParam(), 9), Fixture(GetParam(), 10), Fixture(GetParam(), 11)};
  Average(inputs, 1, kLeastMemoryBytes, true);
  const std::string expected = test::ReadFile(folder_ / "out");
  for (const std::size_t threads : {2U, 7U}) {
    for (const std::uint64_t memory : {kLeastMemoryBytes, std::uint64_t{1} << 30}) {
      Average(inputs, threads, memory, true);
      EXPECT_EQ(test::ReadFile(folder_ / "out"), expected);
    }
  }
}

TEST_P(EveryFormat, RefusesAFileThatIsCutOff) {
  const std::string whole = test::ReadFile(Fixture(GetParam()));
  for (const std::size_t length : {whole.size() - 1, whole.size() / 2, std::size_t{100}}) {
    test::WriteFile(folder_ / "cut", whole.substr(0, length));
    try {
      Open(folder_ / "cut");
      ADD_FAILURE() << "opened " << length << " of " << whole.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr((folder_ / "cut").string() + ": "));
    }
  }
}

TEST_P(EveryFormat, StoppedLeavesNothing) {
  std::atomic<bool> stop = true;
  Job job;
  job.inputs = {Fixture(GetParam(), 9), Fixture(GetParam(), 10)};
  job.output = folder_ / "out";
  job.hdf5_helper = HelperBesideTheProgram();
  job.control.stop = &stop;
  try {
    polyak::Average(job);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  EXPECT_TRUE(folder_.Names().empty());
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat, ::testing::ValuesIn(Names()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace polyak
