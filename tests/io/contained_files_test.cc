#include "io/contained_files.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

// model/m is a file; model/link leads to cache/m, beside which other data lies.
class ContainedFilesTest : public ::testing::TestWithParam<ContainedFiles::Resolution> {
 protected:
  ContainedFilesTest() {
    for (const char* const name : {"model", "model/sub", "cache", "cachemore", "secret"}) {
      fs::create_directories(folder_ / name);
    }
    for (const char* const name : {"model/m", "model/w", "model/sub/v", "cache/m", "cache/blob",
                                   "cachemore/x", "secret/s"}) {
      test::WriteFile(folder_ / name, name);
    }
    fs::create_symlink("../cache/m", folder_ / "model/link");
    fs::create_symlink("../cache/blob", folder_ / "model/data");
    fs::create_symlink("../cachemore/x", folder_ / "model/beside");
    fs::create_symlink("../secret/s", folder_ / "model/out");
    fs::create_symlink("../secret", folder_ / "model/outfolder");
    fs::create_symlink("w", folder_ / "model/in");
    fs::create_symlink("loop", folder_ / "model/loop");
    fs::create_hard_link(folder_ / "secret/s", folder_ / "model/hard");
  }

  // What the file says, or the error.
  std::string Content(const std::string& model, const std::string& name) {
    try {
      const Descriptor file(ContainedFiles(folder_ / model, GetParam()).Open(name));
      std::string text(100, '\0');
      const ssize_t count = pread(file.number(), text.data(), text.size(), 0);
      return count < 0 ? "unreadable" : text.substr(0, static_cast<std::size_t>(count));
    } catch (const Error& error) {
      return error.what();
    }
  }

  test::TemporaryFolder folder_;
};

TEST_P(ContainedFilesTest, OpensWhatLiesInTheFolder) {
  EXPECT_EQ(Content("model/m", "w"), "model/w");
  EXPECT_EQ(Content("model/m", "sub/v"), "model/sub/v");
  EXPECT_EQ(Content("model/m", "./sub/../w"), "model/w");
  EXPECT_EQ(Content("model/m", "in"), "model/w");
  EXPECT_EQ(Content("model/m", "hard"), "secret/s") << "a hard link is a file of the folder";
}

TEST_P(ContainedFilesTest, OpensWhatLiesWhereTheModelsOwnLinkLeads) {
  EXPECT_EQ(Content("model/link", "data"), "cache/blob");
  EXPECT_EQ(Content("model/link", "w"), "model/w");
  EXPECT_THAT(Content("model/m", "data"), HasSubstr("lies outside the checkpoint's folder"));
}

TEST_P(ContainedFilesTest, RefusesWhatLeadsOut) {
  for (const char* const name : {"out", "outfolder/s", "beside", "../secret/s", "/etc/passwd",
                                 "sub/../../secret/s", "../cache/blob"}) {
    EXPECT_THAT(Content("model/link", name), HasSubstr("lies outside the checkpoint's folder"))
        << name;
  }
  EXPECT_THAT(Content("model/m", ""), HasSubstr("has no name"));
  EXPECT_THAT(Content("model/m", std::string("w\0x", 3)), HasSubstr("NUL"));
  EXPECT_THAT(Content("model/m", "none"), HasSubstr("cannot open: No such file"));
  EXPECT_THAT(Content("model/m", "loop"), HasSubstr("cannot open"));
}

INSTANTIATE_TEST_SUITE_P(Resolutions, ContainedFilesTest,
                         ::testing::Values(ContainedFiles::Resolution::kByKernel,
                                           ContainedFiles::Resolution::kByPaths),
                         [](const auto& resolution) {
                           return resolution.param == ContainedFiles::Resolution::kByKernel
                                      ? "ByKernel"
                                      : "ByPaths";
                         });

}  // namespace
}  // namespace polyak
