#include "io/spill_file.h"

#include <gmock/gmock.h>

#include <array>
#include <span>
#include <string_view>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

TEST(SpillFile, HasNoNameAndKeepsWhatIsWritten) {
  const test::TemporaryFolder folder;
  const SpillFile spill(folder.path(), "name");
  spill.Reserve(1 << 20);
  spill.WriteAt(2, std::as_bytes(std::span(std::string_view("abc"))));
  EXPECT_EQ(spill.AsInput()->size(), 5U) << "what is reserved isn't there yet";
  std::array<char, 5> bytes{};
  spill.ReadAt(0, std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(std::string_view(bytes.data(), bytes.size()), std::string_view("\0\0abc", 5));
  EXPECT_THAT(folder.Names(), ::testing::IsEmpty());
}

TEST(SpillFile, SaysThatThereIsNoRoomBeforeAnythingIsWritten) {
  const test::TemporaryFolder folder;
  const SpillFile spill(folder.path(), "name");
  try {
    spill.Reserve(std::uint64_t{1} << 60);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("name: cannot reserve 1152921504606846976"));
  }
}

}  // namespace
}  // namespace polyak
