#include "io/pending_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "io/descriptor_cache.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string MessageOf(const std::filesystem::path& target, bool replace_existing = false) {
  try {
    const PendingFile file(target, 1, replace_existing);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status {};
  stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

TEST(PendingFile, IsInvisibleUntilCommit) {
  const test::TemporaryFolder folder;
  PendingFile file(folder / "out", 6, false);
  file.WriteAt(3, Bytes("def"));
  file.WriteAt(0, Bytes("abc"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  EXPECT_EQ(file.Commit(), Durability::kConfirmed);
  EXPECT_EQ(test::ReadFile(folder / "out"), "abcdef");
  EXPECT_THAT(folder.Names(), ElementsAre("out"));
}

TEST(PendingFile, IsGoneWithoutCommit) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "out", "old");
  {
    PendingFile file(folder / "out", 6, true);
    file.WriteAt(0, Bytes("abcdef"));
    EXPECT_EQ(folder.Names().size(), 2U);
  }
  EXPECT_THAT(folder.Names(), ElementsAre("out"));
  EXPECT_EQ(test::ReadFile(folder / "out"), "old");
}

TEST(PendingFile, RefusesToReplaceUnlessAsked) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "out", "old");
  EXPECT_THAT(MessageOf(folder / "out"), HasSubstr("out: exists already"));
  EXPECT_THAT(MessageOf(folder.path(), true), HasSubstr("is a folder"));
  EXPECT_THAT(MessageOf("/dev/null", true), HasSubstr("/dev/null: is not a regular file"));
  EXPECT_THAT(MessageOf(folder / "none" / "out"), HasSubstr("cannot open its folder"));
  EXPECT_THAT(folder.Names(), ElementsAre("out"));
}

TEST(PendingFile, DoesNotReplaceWhatCameIntoBeingMeanwhile) {
  const test::TemporaryFolder folder;
  {
    PendingFile file(folder / "out", 3, false);
    file.WriteAt(0, Bytes("abc"));
    test::WriteFile(folder / "out", "other");
    EXPECT_THROW(file.Commit(), Error);
  }
  EXPECT_EQ(test::ReadFile(folder / "out"), "other");
  EXPECT_THAT(folder.Names(), ElementsAre("out"));
}

TEST(PendingFile, HasThePermissionsOfWhatItReplaces) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "out", "old");
  ASSERT_EQ(chmod((folder / "out").c_str(), 0604), 0);
  PendingFile(folder / "out", 0, true).Commit();
  EXPECT_EQ(ModeOf(folder / "out"), 0604U);
}

TEST(PendingFile, ActsForNobodyThoughWhatItReplacesDid) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "out", "old");
  ASSERT_EQ(chmod((folder / "out").c_str(), 07751), 0);
  ASSERT_EQ(ModeOf(folder / "out"), 07751U);
  PendingFile(folder / "out", 0, true).Commit();
  EXPECT_EQ(ModeOf(folder / "out"), 0751U);
}

TEST(PendingFile, IsNoMoreReadableThanWhatItReplacesWhileItIsWritten) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "out", "secret");
  ASSERT_EQ(chmod((folder / "out").c_str(), 0400), 0);
  const PendingFile file(folder / "out", 0, true);
  EXPECT_EQ(ModeOf(folder / folder.Names().front()), 0600U);
}

TEST(PendingFile, HasThePermissionsThatANewFileGets) {
  const test::TemporaryFolder folder;
  const mode_t previous = umask(027);
  PendingFile(folder / "out", 0, false).Commit();
  umask(previous);
  EXPECT_EQ(ModeOf(folder / "out"), 0640U);
}

TEST(PendingFile, WritesThroughASymbolicLinkToTheFileThatItNames) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "real");
  test::WriteFile(folder / "real" / "out", "old");
  std::filesystem::create_symlink("real/out", folder / "link");
  PendingFile file(folder / "link", 3, true);
  file.WriteAt(0, Bytes("new"));
  file.Commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(test::ReadFile(folder / "real" / "out"), "new");
  std::filesystem::create_symlink("nowhere", folder / "dangling");
  EXPECT_THAT(MessageOf(folder / "dangling", true), HasSubstr("leads nowhere"));
}

TEST(PendingFile, RemovesWhatAKilledRunLeftButNotWhatIsStillWritten) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / ".out.polyak-deadbeef", "stale");
  test::WriteFile(folder / ".other.polyak-deadbeef", "of another output");
  test::WriteFile(folder / ".out.polyak-short", "not ours");
  const PendingFile running(folder / "out", 1, false);
  const auto during = folder.Names();
  ASSERT_EQ(during.size(), 3U);
  PendingFile(folder / "out", 0, false).Commit();
  EXPECT_THAT(folder.Names(), ::testing::IsSupersetOf(during));
  EXPECT_EQ(folder.Names().size(), 4U);
}

TEST(PendingFile, TakesANameAsLongAsTheyGet) {
  const test::TemporaryFolder folder;
  const std::string name(255, 'x');
  PendingFile(folder / name, 0, false).Commit();
  EXPECT_THAT(folder.Names(), ElementsAre(name));
}

// The name that the temporary file of `main` has in the folder.
std::string TemporaryOf(const test::TemporaryFolder& folder, const std::string& main) {
  for (const std::string& name : folder.Names()) {
    if (name.starts_with("." + main + ".polyak-") && name.find('-', main.size() + 9) == name.npos) {
      return name;
    }
  }
  return "";
}

TEST(PendingFile, OfDataIsRemovedByTheNextRunUnlessItsMainFileIsStillWritten) {
  const test::TemporaryFolder folder;
  const auto cache = std::make_shared<DescriptorCache>(1);
  struct stat status {};
  ASSERT_EQ(stat(folder.path().c_str(), &status), 0);
  const std::string of_this_folder = fmt::format("-{:x}-", status.st_ino);
  const PendingFile running(folder / "out", 1, false);
  const PendingFile data(folder / "data", 3, running, 0, cache);
  const PendingFile more(folder / "more", 3, running, 1, cache);
  const auto kept = folder.Names();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_THAT(kept, Contains(TemporaryOf(folder, "out") + of_this_folder + "1"));
  test::WriteFile(folder / (".out.polyak-deadbeef" + of_this_folder + "17"), "stale");
  test::WriteFile(folder / ".out.polyak-deadbeef-1-0", "of another folder's out");
  test::WriteFile(folder / (".out.polyak-deadbeef" + of_this_folder), "not ours");
  test::WriteFile(folder / (".out.polyak-deadbeef" + of_this_folder + "1x"), "not ours");
  PendingFile(folder / "out", 0, false).Commit();
  EXPECT_THAT(folder.Names(), ::testing::IsSupersetOf(kept));
  EXPECT_EQ(folder.Names().size(), 7U);
}

TEST(PendingFile, RemovesWhatAKilledRunLeftInFoldersOfData) {
  const test::TemporaryFolder folder;
  struct stat status {};
  ASSERT_EQ(stat(folder.path().c_str(), &status), 0);
  std::filesystem::create_directory(folder / "parts");
  const std::string stale = fmt::format(".out.polyak-deadbeef-{:x}-3", status.st_ino);
  const std::string of_another = ".out.polyak-deadbeef";  // the out in parts
  test::WriteFile(folder / "parts" / stale, "stale");
  test::WriteFile(folder / "parts" / of_another, "stale, but not here");
  const PendingFile main(folder / "out", 1, false);
  main.RemoveStaleIn(folder / "parts");
  main.RemoveStaleIn(folder / "none");
  EXPECT_FALSE(std::filesystem::exists(folder / "parts" / stale));
  EXPECT_TRUE(std::filesystem::exists(folder / "parts" / of_another));
}

TEST(PendingFile, LeavesALongNamesTemporaryAloneForAnotherThatBeginsAlike) {
  const test::TemporaryFolder folder;
  const std::string start(250, 'x');
  PendingFile first(folder / (start + "1"), 3, false);
  PendingFile second(folder / (start + "2"), 3, false);
  first.WriteAt(0, Bytes("one"));
  second.WriteAt(0, Bytes("two"));
  first.Commit();
  second.Commit();
  EXPECT_EQ(test::ReadFile(folder / (start + "1")), "one");
  EXPECT_EQ(test::ReadFile(folder / (start + "2")), "two");
}

TEST(PendingFile, OfManyDataFilesIsWrittenThoughItsDescriptorWasClosed) {
  const test::TemporaryFolder folder;
  const auto cache = std::make_shared<DescriptorCache>(1);
  PendingFile main(folder / std::string(255, 'x'), 3, false);
  PendingFile first(folder / "1", 3, main, 0, cache);
  PendingFile second(folder / "2", 3, main, 1, cache);
  first.WriteAt(0, Bytes("one"));
  second.WriteAt(0, Bytes("two"));
  first.Commit();
  second.Commit();
  EXPECT_EQ(test::ReadFile(folder / "1"), "one");
  EXPECT_EQ(test::ReadFile(folder / "2"), "two");
}

TEST(PendingFile, SaysThatThereIsNoRoomBeforeAnythingIsWritten) {
  const test::TemporaryFolder folder;
  try {
    const PendingFile file(folder / "out", std::uint64_t{1} << 60, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem);
    EXPECT_THAT(error.what(), HasSubstr("cannot reserve"));
  }
  EXPECT_THAT(folder.Names(), IsEmpty());
}

TEST(PendingFile, CopiesFromAnInput) {
  const test::TemporaryFolder folder;
  const std::string bytes(150000, 'q');
  test::WriteFile(folder / "in", "--" + bytes + "++");
  const auto input = InputFile::Open(folder / "in");
  PendingFile file(folder / "out", bytes.size(), false);
  file.CopyFrom(*input, 2, 0, bytes.size());
  EXPECT_THROW(file.CopyFrom(*input, 10, 0, bytes.size()), Error);
  file.Commit();
  EXPECT_EQ(test::ReadFile(folder / "out"), bytes);
}

}  // namespace
}  // namespace polyak
