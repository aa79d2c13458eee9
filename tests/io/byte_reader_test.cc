#include "io/byte_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

class ByteReaderTest : public ::testing::Test {
 protected:
  ByteReaderTest() {
    std::string bytes(200000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
    test::WriteFile(folder_ / "a", bytes);
    file_ = InputFile::Open(folder_ / "a");
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const InputFile> file_;
};

TEST_F(ByteReaderTest, ReadsForwardsBackwardsAndAfterJumps) {
  ByteReader reader(*file_);
  for (const std::uint64_t position : {0U, 1U, 5000U, 4000U, 199999U, 70000U, 3U}) {
    reader.Seek(position);
    EXPECT_EQ(reader.TakeByte(file_->size()), position % 251);
    EXPECT_EQ(reader.position(), position + 1);
  }
  reader.Seek(0);
  for (std::uint64_t i = 0; i < file_->size(); ++i) {
    ASSERT_EQ(reader.TakeByte(file_->size()), i % 251);
  }
}

TEST_F(ByteReaderTest, StopsAtTheEndThatItIsGivenAndAtThatOfTheFile) {
  ByteReader reader(*file_);
  reader.Seek(9);
  reader.TakeByte(10);
  EXPECT_THROW(reader.TakeByte(10), Error);
  reader.Seek(file_->size());
  EXPECT_THROW(reader.TakeByte(~std::uint64_t{0}), Error);
  reader.Seek(~std::uint64_t{0});
  EXPECT_THROW(reader.TakeByte(~std::uint64_t{0}), Error);
}

TEST_F(ByteReaderTest, RefusesATextThatDoesNotFitBeforeAllocatingIt) {
  ByteReader reader(*file_);
  reader.Seek(97);
  EXPECT_EQ(reader.TakeText(3, 100), "abc");
  EXPECT_THROW(reader.TakeText(~std::uint64_t{0}, ~std::uint64_t{0}), Error);
  EXPECT_THROW(reader.TakeText(1, 100), Error);
}

}  // namespace
}  // namespace polyak
