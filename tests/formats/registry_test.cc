#include "formats/registry.h"

#include <gmock/gmock.h>

#include <tuple>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::HasSubstr;

std::tuple<ErrorKind, std::string, std::string> Refusal(std::string_view content) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "file", content);
  OpenContext context;
  try {
    OpenCheckpoint(folder / "file", context);
  } catch (const Error& error) {
    return {error.kind(), error.what(), error.hint()};
  }
  return {};
}

TEST(OpenCheckpoint, SaysWhatAForeignFileMayBe) {
  using namespace std::string_view_literals;
  for (const auto& [content, hint] : {
           std::pair{"PK\3\4rest of a zip"sv, "zip archive"},
           std::pair{"\x80\x02}q\0."sv, "pickle"},
           std::pair{"\x40\0\0\0\0\0\0\0{\"w\":{}}"sv, "safetensors"},
           std::pair{"epoch 1 loss 0.5\n"sv, "text file"},
           std::pair{"\x7f\x45LF\xff\xfe"sv, "polyak reads ONNX and HDF5"},
       }) {
    const auto [kind, text, found_hint] = Refusal(content);
    EXPECT_EQ(kind, ErrorKind::kUnsupported) << hint;
    EXPECT_THAT(text, HasSubstr("file: is not a checkpoint that polyak can read"));
    EXPECT_THAT(found_hint, HasSubstr(hint));
  }
}

TEST(OpenCheckpoint, SaysThatAFileIsEmpty) {
  const auto [kind, text, hint] = Refusal("");
  EXPECT_EQ(kind, ErrorKind::kCorrupt);
  EXPECT_THAT(text, HasSubstr("file: the file is empty"));
}

TEST(Formats, HaveUniqueNames) {
  for (const Format& a : Formats()) {
    for (const Format& b : Formats()) EXPECT_EQ(&a == &b, a.name == b.name);
  }
}

}  // namespace
}  // namespace polyak
