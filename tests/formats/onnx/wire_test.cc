#include "formats/onnx/wire.h"

#include <gmock/gmock.h>

#include <string>

#include "core/error.h"
#include "support/files.h"

namespace polyak::onnx_format {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

// The fields of a message as text: "number:type@offset+length".
std::string Fields(const std::string& message) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "m", message);
  const auto file = InputFile::Open(folder / "m");
  ByteReader bytes(*file);
  FieldReader reader(bytes, {0, file->size()}, 0);
  std::string text;
  try {
    while (const auto field = reader.Next()) {
      text += std::to_string(field->number) + ":" + std::to_string(static_cast<int>(field->type)) +
              "@" + std::to_string(field->content.offset) + "+" +
              (field->type == WireType::kVarint ? "=" + std::to_string(field->varint)
                                                : std::to_string(field->content.length)) +
              " ";
    }
  } catch (const Error& error) {
    text += error.what();
  }
  return text;
}

TEST(FieldReader, ReadsFieldsOfEveryWireType) {
  EXPECT_EQ(Fields("\x08\x96\x01"s), "1:0@3+=150 ");
  EXPECT_EQ(Fields("\x12\x03"
                   "abc\x1d"
                   "1234\x21"
                   "12345678"s),
            "2:2@2+3 3:5@6+4 4:1@11+8 ");
}

TEST(FieldReader, SkipsGroupsAndWhatIsInThem) {
  EXPECT_EQ(Fields("\x0b\x10\x05\x1a\x01x\x23\x24\x0c\x28\x07"s), "5:0@11+=7 ");
}

TEST(FieldReader, TakesOverlongVarints) {
  EXPECT_EQ(Fields("\x08\x85\x80\x80\x00"s), "1:0@5+=5 ");
  EXPECT_EQ(Fields("\x12\x81\x00x"s), "2:2@3+1 ");
}

TEST(FieldReader, TakesTheLow32BitsOfATagOfFiveBytes) {
  EXPECT_EQ(Fields("\x88\x80\x80\x80\x00\x05"s), "1:0@6+=5 ");
  EXPECT_EQ(Fields("\x88\x80\x80\x80\x70\x05"s), "1:0@6+=5 ");
  EXPECT_EQ(Fields("\xf8\xff\xff\xff\x0f\x05"s), "536870911:0@6+=5 ");
  EXPECT_THAT(Fields("\x88\x80\x80\x80\x80\x00\x05"s), HasSubstr("not a Protocol Buffers field"));
  EXPECT_THAT(Fields("\x80\x80\x80\x80\x10\x05"s), HasSubstr("not a Protocol Buffers field"));
}

TEST(FieldReader, RefusesWhatIsMalformed) {
  EXPECT_THAT(Fields("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s),
              HasSubstr("more than 10 bytes (at byte 1)"));
  EXPECT_THAT(Fields("\x12\x05"
                     "abc"s),
              HasSubstr("cut off or damaged"));
  EXPECT_THAT(Fields("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s), HasSubstr("cut off"));
  EXPECT_THAT(Fields("\x08"s), HasSubstr("cut off"));
  EXPECT_THAT(Fields("\x0f"s), HasSubstr("not a Protocol Buffers field"));
  EXPECT_THAT(Fields("\x00\x01"s), HasSubstr("not a Protocol Buffers field"));
  EXPECT_THAT(Fields("\x0b\x14"s), HasSubstr("a group ends that did not begin"));
  EXPECT_THAT(Fields("\x0c"s), HasSubstr("not a Protocol Buffers field"));
}

TEST(FieldReader, RefusesGroupsThatAreNestedTooDeep) {
  EXPECT_THAT(Fields(std::string(200, '\x0b')), HasSubstr("nested more than 100 deep"));
}

}  // namespace
}  // namespace polyak::onnx_format
