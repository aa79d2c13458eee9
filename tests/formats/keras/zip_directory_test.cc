// Zip archives that are damaged or hostile, and records with other numbers in them.
#include "formats/keras/zip_directory.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/member_content.h"
#include "formats/keras/zip_fields.h"
#include "formats/keras/zip_rewriting.h"
#include "support/files.h"
#include "support/zip_builder.h"

namespace polyak::keras {
namespace {

using ::testing::HasSubstr;

using Zip = test::ZipBuilder;

class ZipFiles : public ::testing::Test {
 protected:
  std::shared_ptr<const InputFile> Open(const std::string& bytes) {
    test::WriteFile(folder_ / "a.zip", bytes);
    return InputFile::Open(folder_ / "a.zip");
  }
  ZipDirectory Read(const std::string& bytes) {
    IndexBudget budget;
    return ReadZipDirectory(*Open(bytes), budget);
  }
  // What reading it throws, and what unpacking its first member throws.
  std::string Refusal(const std::string& bytes) {
    try {
      const ZipDirectory directory = Read(bytes);
      ReadMember(*Open(bytes), directory.members.at(0), 1 << 20);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
};

std::string Two() { return Zip().Add("a", "first").Add("b", "second").Bytes(); }

// With a number of `bytes` bytes changed in the last record that begins like this.
std::string Changed(std::string archive, std::string_view signature, std::size_t at,
                    std::size_t bytes, std::uint64_t number) {
  PutNumber(number, bytes, archive.rfind(signature) + at, archive);
  return archive;
}

TEST_F(ZipFiles, AreReadWithACommentThatLooksLikeAnEnd) {
  const Zip zip = Zip().Add("a", "first").Add("b", "second");
  const std::string comment = std::string(end::kSignature) + std::string(30, 'x');
  const ZipDirectory directory = Read(zip.Bytes(comment));
  ASSERT_EQ(directory.members.size(), 2U);
  EXPECT_EQ(directory.Find("b")->stored, (Extent{67, 6}));
  EXPECT_EQ(ReadMember(*Open(zip.Bytes()), *directory.Find("b"), 100), "second");
}

TEST_F(ZipFiles, AreRefusedWhereTheyAreCutOff) {
  const std::string whole = Two();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(Refusal(whole.substr(0, size)), "") << size;
  }
}

TEST_F(ZipFiles, AreRefusedWhereTheRecordsContradictEachOther) {
  EXPECT_THAT(Refusal(Changed(Two(), end::kSignature, end::kDirectory, 4, 1)),
              HasSubstr("does not lie right before its end record"));
  EXPECT_THAT(Refusal("x" + Two()), HasSubstr("does not lie right before its end record"));
  EXPECT_THAT(Refusal(Changed(Two(), end::kSignature, end::kDisk, 2, 1)),
              HasSubstr("several disks"));
  EXPECT_THAT(Refusal(Changed(Two(), end::kSignature, end::kMembers, 2, 3)),
              HasSubstr("several disks"));
  std::string three = Changed(Two(), end::kSignature, end::kMembers, 2, 3);
  three = Changed(three, end::kSignature, end::kMembersHere, 2, 3);
  EXPECT_THAT(Refusal(three), HasSubstr("another number of members"));
}

TEST_F(ZipFiles, AreRefusedWhereAHeaderIsNotTheDirectorys) {
  EXPECT_THAT(Refusal(Changed(Two(), local::kSignature, local::kBytes, 4, 5)),
              HasSubstr("another size"));
  EXPECT_THAT(Refusal(Changed(Two(), local::kSignature, local::kCrc, 4, 5)),
              HasSubstr("another checksum"));
  EXPECT_THAT(Refusal(Changed(Two(), local::kSignature, local::kMethod, 2, 8)),
              HasSubstr("another method"));
  for (const std::uint64_t flags : {std::uint64_t{1}, std::uint64_t{0x830}}) {
    EXPECT_THAT(Refusal(Changed(Two(), local::kSignature, local::kFlags, 2, flags)),
                HasSubstr("another set of flags"));
  }
  EXPECT_THAT(Refusal(Changed(Two(), local::kSignature, local::kHeadBytes, 1, 'c')),
              HasSubstr("b: its own header in the zip archive has another name"));
  EXPECT_THAT(Refusal(Changed(Two(), central::kSignature, central::kOffset, 4, 3)),
              HasSubstr("has no header for it at byte 3"));
}

TEST_F(ZipFiles, AreRefusedWhereMembersOverlapOrHaveOneName) {
  Zip overlapping = Zip().Add("b", "xx").Add("a", "second");
  overlapping.directory = overlapping.directory.substr(0, 47) + overlapping.directory.substr(0, 47);
  EXPECT_THAT(Refusal(overlapping.Bytes()), HasSubstr("two members of the zip archive are called"));
  const std::string inner = Zip().Add("b", "second").members;
  Zip outer = Zip().Add("a", inner);
  const std::string entry = Zip().Add("b", "second").directory;
  outer.directory += Changed(entry, central::kSignature, central::kOffset, 4, 31);
  outer.count = 2;
  EXPECT_THAT(Refusal(outer.Bytes()), HasSubstr("members 'a' and 'b' overlap"));
}

TEST_F(ZipFiles, AreRefusedWhereANameLeadsToADriveButNotForAnyColon) {
  EXPECT_THAT(Refusal(Zip().Add("c:x", "first").Bytes()), HasSubstr("'c:x' has a name that leads"));
  EXPECT_THAT(Refusal(Zip().Add("Z:", "first").Bytes()), HasSubstr("'Z:' has a name that leads"));
  for (const char* name : {"1:x", ":x", "kernel:0", "_:"}) {
    EXPECT_EQ(Refusal(Zip().Add(name, "first").Bytes()), "") << name;
  }
}

TEST_F(ZipFiles, AreRefusedWhereAMemberIsEncryptedOrCantBe) {
  const auto both = [](std::size_t at_local, std::size_t at_central, std::size_t bytes,
                       std::uint64_t number) {
    std::string archive = Zip().Add("a", "first").Bytes();
    archive = Changed(archive, local::kSignature, at_local, bytes, number);
    return Changed(archive, central::kSignature, at_central, bytes, number);
  };
  EXPECT_THAT(Refusal(both(local::kFlags, central::kFlags, 2, 1)), HasSubstr("is encrypted"));
  EXPECT_THAT(Refusal(both(local::kMethod, central::kMethod, 2, 14)), HasSubstr("zip method 14"));
  EXPECT_THAT(Refusal(both(local::kBytes, central::kBytes, 4, 9)), HasSubstr("can't have 9 bytes"));
  EXPECT_THAT(Refusal(both(local::kCrc, central::kCrc, 4, 9)), HasSubstr("checksum is wrong"));
  EXPECT_THAT(Refusal(both(local::kMethod, central::kMethod, 2, 8)), HasSubstr("does not unpack"));
  EXPECT_THAT(Refusal(both(local::kStoredBytes, central::kStoredBytes, 4, 500)),
              HasSubstr("longer than the zip archive has room for"));
}

TEST_F(ZipFiles, AreNeverTheRecordsOfAnotherArchiveForAnyByteChanged) {
  const std::string whole = Two();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 7}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      Refusal(damaged);  // whatever it says, it says it
    }
  }
}

TEST(RewriteEntry, MovesWhatNoLongerFitsToAZip64Field) {
  const std::string entry = Zip().Add("name", "x").directory;
  const MemberNumbers numbers{.crc = 7, .stored_bytes = 1, .bytes = 1, .header = 5'000'000'000};
  const std::string wide = RewriteEntry(entry, numbers);
  EXPECT_EQ(wide.size(), entry.size() + 12);
  EXPECT_EQ(NumberAt(wide, central::kOffset, 4), kElsewhere32);
  EXPECT_EQ(NumberAt(wide, central::kHeadBytes + 4, 2), 1U) << "the zip64 field";
  EXPECT_EQ(NumberAt(wide, central::kHeadBytes + 8, 8), 5'000'000'000);
  EXPECT_EQ(RewriteEntry(wide, numbers), wide);
}

TEST(RewriteZipEnd, AddsZip64RecordsWhereTheyAreNeeded) {
  ZipEnd end;
  end.end = Zip().Add("a", "").Bytes().substr(32 + 47 - 1);
  ASSERT_TRUE(end.end.starts_with(end::kSignature));
  const std::string small = RewriteZipEnd(end, {100, 50}, 3);
  EXPECT_EQ(small.size(), end.end.size());
  EXPECT_EQ(NumberAt(small, end::kDirectory, 4), 100U);
  const std::string large = RewriteZipEnd(end, {5'000'000'000, 50}, 3);
  ASSERT_TRUE(large.starts_with(zip64_end::kSignature));
  EXPECT_EQ(NumberAt(large, zip64_end::kDirectory, 8), 5'000'000'000);
  EXPECT_EQ(NumberAt(large, zip64_end::kHeadBytes + zip64_locator::kEnd, 8), 5'000'000'050);
  EXPECT_EQ(NumberAt(large, large.size() - end::kHeadBytes + end::kDirectory, 4), kElsewhere32);
}

}  // namespace
}  // namespace polyak::keras
