#include "io/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

ErrorKind KindOfOpening(const std::filesystem::path& path) {
  try {
    InputFile::Open(path);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::kCancelled;
}

TEST(InputFile, ReadsByPosition) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "a", "0123456789");
  const auto file = InputFile::Open(folder / "a");
  EXPECT_EQ(file->size(), 10U);
  std::array<std::byte, 3> bytes{};
  file->ReadAt(7, bytes);
  EXPECT_EQ(bytes[2], std::byte{'9'});
  EXPECT_THROW(file->ReadAt(8, bytes), Error);
  EXPECT_EQ(file->ReadUpTo(8, bytes), 2U);
  EXPECT_EQ(file->ReadUpTo(100, bytes), 0U);
}

TEST(InputFile, RefusesWhatIsNotARegularFileWithoutWaiting) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(KindOfOpening(folder / "fifo"), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOfOpening(folder.path()), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOfOpening("/dev/zero"), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOfOpening(folder / "none"), ErrorKind::kSystem);
}

TEST(InputFile, SeesThatItWasChanged) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "a", "0123456789");
  const auto file = InputFile::Open(folder / "a");
  file->CheckUnchanged();
  ASSERT_EQ(truncate((folder / "a").c_str(), 5), 0);
  EXPECT_THROW(file->CheckUnchanged(), Error);
  std::array<std::byte, 3> bytes{};
  EXPECT_THROW(file->ReadAt(4, bytes), Error);
}

TEST(InputFile, IsTheSameThroughAnyLink) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "a", "x");
  std::filesystem::create_symlink("a", folder / "soft");
  std::filesystem::create_hard_link(folder / "a", folder / "hard");
  const FileIdentity identity = InputFile::Open(folder / "a")->identity();
  EXPECT_EQ(IdentityOf(folder / "soft"), identity);
  EXPECT_EQ(IdentityOf(folder / "hard"), identity);
  EXPECT_EQ(IdentityOf(folder / "none"), std::nullopt);
}

}  // namespace
}  // namespace polyak
