#include <gmock/gmock.h>

#include <filesystem>

#include "opened_model.h"
#include "support/output_writer.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

using onnx::TensorProto;
using test::BytesOf;
using test::ReadFile;
using test::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Entries = std::vector<std::pair<std::string, std::string>>;

TensorProto External(const std::string& name, std::int64_t elements, const Entries& entries) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::FLOAT);
  tensor.add_dims(elements);
  tensor.set_data_location(TensorProto::EXTERNAL);
  for (const auto& [key, value] : entries) {
    onnx::StringStringEntryProto* const entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return tensor;
}

class ExternalDataTest : public ::testing::Test {
 protected:
  ExternalDataTest() {
    fs::create_directories(folder_ / "model/sub");
    fs::create_directories(folder_ / "out");
    WriteFile(folder_ / "model/w.bin", BytesOf(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}));
    WriteFile(folder_ / "model/sub/v.bin", BytesOf(std::vector<float>{-1, -2}) + "tail");
  }

  std::unique_ptr<Checkpoint> Open(const std::vector<TensorProto>& tensors) {
    onnx::ModelProto model = test::EmptyModel();
    for (const TensorProto& tensor : tensors) *model.mutable_graph()->add_initializer() = tensor;
    test::WriteModel(folder_ / "model/m.onnx", model);
    OpenContext context;
    return OpenCheckpoint(folder_ / "model/m.onnx", context).checkpoint;
  }

  std::string ErrorOf(const TensorProto& tensor) {
    try {
      Open({tensor});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  static std::vector<float> Elements(const Checkpoint& checkpoint, std::size_t tensor) {
    std::vector<float> elements(checkpoint.tensors()[tensor].elements);
    checkpoint.Read(tensor, RangeBox(0, elements.size()),
                    std::as_writable_bytes(std::span(elements)));
    return elements;
  }

  static std::vector<float> ElementsAt(const fs::path& model, std::size_t tensor) {
    OpenContext context;
    return Elements(*OpenCheckpoint(model, context).checkpoint, tensor);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ExternalDataTest, IsReadFromWhereTheEntriesSay) {
  const auto checkpoint =
      Open({External("a", 2, {{"location", "w.bin"}, {"offset", "8"}, {"length", "8"}}),
            External("b", 2, {{"location", "./sub/../w.bin"}}),
            External("c", 1, {{"location", "sub/v.bin"}, {"offset", "4"}})});
  EXPECT_THAT(Elements(*checkpoint, 0), ElementsAre(3, 4));
  EXPECT_THAT(Elements(*checkpoint, 2), ElementsAre(-2));
  EXPECT_EQ(checkpoint->tensors()[2].storage, "external data, sub/v.bin");
  EXPECT_EQ(checkpoint->files().size(), 3U) << "the model, and two files";
  EXPECT_EQ(checkpoint->file_bytes(), fs::file_size(folder_ / "model/m.onnx") + 32 + 12);
}

TEST_F(ExternalDataTest, IsRefusedWithTheReasonWhereItMakesNoSense) {
  const std::vector<std::pair<Entries, const char*>> cases = {
      {{}, "w: its external data has no location"},
      {{{"location", ""}}, "w: external data '': has no name"},
      {{{"location", "/etc/passwd"}}, "lies outside the checkpoint's folder"},
      {{{"location", "../out/x"}}, "lies outside"},
      {{{"location", "sub/../../m"}}, "lies outside"},
      {{{"location", "none.bin"}}, "external data 'none.bin': cannot open: No such file"},
      {{{"location", "sub"}}, "is a folder"},
      {{{"location", "m.onnx"}}, "external data 'm.onnx': is the model itself"},
      {{{"location", "w.bin"}, {"location", "w.bin"}}, "two entries 'location'"},
      {{{"location", "w.bin"}, {"offset", "-4"}}, "the offset of its external data"},
      {{{"location", "w.bin"}, {"offset", "4x"}}, "found '4x'"},
      {{{"location", "w.bin"}, {"offset", ""}}, "found ''"},
      {{{"location", "w.bin"}, {"offset", "99999999999999999999"}}, "no number"},
      {{{"location", "w.bin"}, {"offset", "18446744073709551615"}}, "is too short"},
      {{{"location", "w.bin"}, {"offset", "28"}}, "is too short (found 32 bytes, expected 8 from"},
      {{{"location", "w.bin"}, {"length", "12"}}, "wrong length (found 12, expected 8 for [2]"}};
  for (const auto& [entries, text] : cases) {
    EXPECT_THAT(ErrorOf(External("w", 2, entries)), HasSubstr(text));
  }
  TensorProto twice = External("w", 2, {{"location", "w.bin"}});
  twice.set_raw_data("12345678");
  EXPECT_THAT(ErrorOf(twice), HasSubstr("has its values twice"));
}

TEST_F(ExternalDataTest, MayBeSharedButNotOverlapInPart) {
  const auto checkpoint = Open({External("a", 4, {{"location", "w.bin"}}),
                                External("b", 4, {{"location", "./w.bin"}, {"offset", "0"}})});
  EXPECT_EQ(checkpoint->PayloadId(0), checkpoint->PayloadId(1));
  try {
    Open({External("a", 4, {{"location", "w.bin"}}),
          External("b", 4, {{"location", "w.bin"}, {"offset", "4"}})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("b: its data overlaps that of a"));
  }
}

TEST_F(ExternalDataTest, WarnsOfEntriesThatItDoesNotHeed) {
  const auto checkpoint = Open({External("a", 4, {{"location", "w.bin"}, {"basepath", "x"}}),
                                External("b", 2, {{"location", "sub/v.bin"}, {"checksum", "00"}})});
  EXPECT_THAT(checkpoint->warnings(),
              ElementsAre(HasSubstr("a: its external data has an entry that is not known, and "
                                    "ignored: basepath"),
                          HasSubstr("b: its external data has a checksum")));
}

TEST_F(ExternalDataTest, GoesToFilesOfTheSameNamesInAnotherFolder) {
  const auto checkpoint = Open({External("a", 2, {{"location", "w.bin"}, {"offset", "8"}}),
                                External("b", 2, {{"location", "sub/v.bin"}})});
  test::WriteOutput(
      *checkpoint, {.path = folder_ / "out/avg.onnx"},
      {{0, BytesOf(std::vector<float>{30, 40})}, {1, BytesOf(std::vector<float>{-10, -20})}});
  EXPECT_EQ(ReadFile(folder_ / "out/avg.onnx"), ReadFile(folder_ / "model/m.onnx"));
  EXPECT_EQ(ReadFile(folder_ / "out/w.bin"), BytesOf(std::vector<float>{1, 2, 30, 40, 5, 6, 7, 8}));
  EXPECT_EQ(ReadFile(folder_ / "out/sub/v.bin"), BytesOf(std::vector<float>{-10, -20}) + "tail");
}

TEST_F(ExternalDataTest, GoesToOneFileInTheSameFolder) {
  const auto checkpoint =
      Open({External("a", 2, {{"location", "w.bin"}, {"offset", "8"}}),
            External("b", 2, {{"location", "sub/v.bin"}}),
            External("tied", 2, {{"location", "w.bin"}, {"offset", "8"}, {"length", "8"}})});
  test::WriteOutput(*checkpoint, {.path = folder_ / "model/avg.onnx", .provenance = "record"},
                    {{0, BytesOf(std::vector<float>{30, 40})}});
  EXPECT_EQ(fs::file_size(folder_ / "model/avg.onnx.data"), 64U + 8);
  EXPECT_THAT(ElementsAt(folder_ / "model/avg.onnx", 0), ElementsAre(30, 40));
  EXPECT_THAT(ElementsAt(folder_ / "model/avg.onnx", 1), ElementsAre(-1, -2));
  EXPECT_THAT(ElementsAt(folder_ / "model/avg.onnx", 2), ElementsAre(30, 40));
  const onnx::ModelProto model = test::ReadModel(folder_ / "model/avg.onnx");
  const auto& entries = model.graph().initializer(1).external_data();
  ASSERT_EQ(entries.size(), 3);
  EXPECT_EQ(entries[0].key() + entries[0].value(), "offset64");
  EXPECT_EQ(entries[1].key() + entries[1].value(), "length8");
  EXPECT_EQ(entries[2].value(), "avg.onnx.data");
}

TEST_F(ExternalDataTest, NeverReplacesAFile) {
  const auto checkpoint = Open({External("a", 2, {{"location", "w.bin"}, {"offset", "8"}})});
  const test::NewElements elements = {{0, BytesOf(std::vector<float>{30, 40})}};
  WriteFile(folder_ / "out/w.bin", "another model's");
  const OutputRequest request{.path = folder_ / "out/avg.onnx"};
  EXPECT_THROW(checkpoint->DataFilesOf(request), Error);
  EXPECT_THROW(test::WriteOutput(*checkpoint, request, elements), Error);
  for (const char* const data : {"out/avg.onnx.data", "out/avg.onnx.2.data"}) {
    test::WriteOutput(*checkpoint, {.path = folder_ / "out/avg.onnx", .replace_existing = true},
                      elements);
    EXPECT_TRUE(fs::exists(folder_ / data));
    EXPECT_THAT(ElementsAt(folder_ / "out/avg.onnx", 0), ElementsAre(30, 40));
  }
  EXPECT_EQ(ReadFile(folder_ / "out/w.bin"), "another model's");
}

TEST_F(ExternalDataTest, DropsTheChecksumOfDataThatChanges) {
  const auto checkpoint = Open({External("a", 2, {{"location", "w.bin"}, {"checksum", "00"}}),
                                External("b", 2, {{"checksum", "11"}, {"location", "sub/v.bin"}})});
  test::WriteOutput(*checkpoint, {.path = folder_ / "out/avg.onnx"},
                    {{0, BytesOf(std::vector<float>{3, 4})}});
  onnx::ModelProto expected = test::ReadModel(folder_ / "model/m.onnx");
  expected.mutable_graph()->mutable_initializer(0)->mutable_external_data()->RemoveLast();
  EXPECT_EQ(ReadFile(folder_ / "out/avg.onnx"), expected.SerializeAsString());
}

TEST_F(ExternalDataTest, LeavesNothingBehindWhereItIsNotCommitted) {
  const auto checkpoint = Open({External("a", 2, {{"location", "sub/v.bin"}})});
  {
    const std::vector<std::size_t> replaced = {0};
    const auto output =
        checkpoint->BeginOutput({.path = folder_ / "out/avg.onnx", .replaced = replaced});
    EXPECT_TRUE(fs::exists(folder_ / "out/sub"));
    EXPECT_THROW(output->Commit(""), Error) << "elements are missing";
  }
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(ExternalDataTest, TakesBackTheDataWhereTheModelCanNotBePutInPlace) {
  const auto checkpoint = Open({External("a", 2, {{"location", "sub/v.bin"}})});
  {
    const auto output = checkpoint->BeginOutput({.path = folder_ / "out/avg.onnx"});
    for (std::size_t part = 0; part < output->kept_parts(); ++part) output->WriteKept(part);
    WriteFile(folder_ / "out/avg.onnx", "came into being meanwhile");
    EXPECT_THROW(output->Commit(""), Error);
  }
  EXPECT_FALSE(fs::exists(folder_ / "out/sub"));
  EXPECT_EQ(ReadFile(folder_ / "out/avg.onnx"), "came into being meanwhile");
}

TEST_F(ExternalDataTest, MakesNoFolderBehindASymbolicLink) {
  const auto checkpoint = Open({External("a", 2, {{"location", "sub/v.bin"}})});
  fs::create_directories(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "out/sub");
  EXPECT_THROW(test::WriteOutput(*checkpoint, {.path = folder_ / "out/avg.onnx"},
                                 {{0, BytesOf(std::vector<float>{3, 4})}}),
               Error);
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

}  // namespace
}  // namespace polyak
