#include "formats/onnx/wire.h"

#include <string>
#include <vector>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

constexpr int kMostDepth = 100;
constexpr std::uint64_t kEndGroup = 4;

[[noreturn]] void Fail(const char* what, std::uint64_t position) {
  throw Error(ErrorKind::kCorrupt,
              std::string(what) + " (at byte " + std::to_string(position) + ")");
}

struct Tag {
  std::uint32_t number;
  std::uint64_t type;
};

// As Protocol Buffers' own parser takes it: at most five bytes, and their low 32 bits.
Tag TakeTag(ByteReader& bytes, std::uint64_t end) {
  constexpr std::uint64_t kMostBytes = 5;
  const std::uint64_t position = bytes.position();
  const auto tag = static_cast<std::uint32_t>(TakeVarint(bytes, end));
  if (bytes.position() - position > kMostBytes || tag >> 3 == 0) {
    Fail("not a Protocol Buffers field", position);
  }
  return {tag >> 3, tag & 7};
}

}  // namespace

std::uint64_t TakeVarint(ByteReader& bytes, std::uint64_t end) {
  constexpr int kMostBytes = 10;
  const std::uint64_t start = bytes.position();
  std::uint64_t value = 0;
  for (int i = 0; i < kMostBytes; ++i) {
    const std::uint8_t byte = bytes.TakeByte(end);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) == 0) return value;
  }
  Fail("a varint has more than 10 bytes", start);
}

FieldReader::FieldReader(ByteReader& bytes, Extent message, int depth)
    : bytes_(bytes), position_(message.offset), end_(message.end()), depth_(depth) {
  if (depth > kMostDepth) Fail("messages are nested more than 100 deep", message.offset);
}

std::string FieldReader::NameIn(const Field& field) const {
  if (field.content.length > kMostNameBytes) {
    Fail("a name has more than 16384 bytes", field.content.offset);
  }
  bytes_.Seek(field.content.offset);
  return bytes_.TakeText(field.content.length, field.content.end());
}

std::optional<Field> FieldReader::Next() {
  while (position_ < end_) {
    bytes_.Seek(position_);
    const std::optional<Field> field = TakeField();
    position_ = bytes_.position();
    if (field) return field;
  }
  return std::nullopt;
}

// Nothing for a group, which is skipped.
std::optional<Field> FieldReader::TakeField() {
  const std::uint64_t start = bytes_.position();
  const Tag tag = TakeTag(bytes_, end_);
  Field field;
  field.number = tag.number;
  std::uint64_t length = 0;
  switch (tag.type) {
    case 0: field.varint = TakeVarint(bytes_, end_); break;
    case 1: length = 8; break;
    case 2:
      field.length_at = bytes_.position();
      length = TakeVarint(bytes_, end_);
      break;
    case 3: SkipGroup(tag.number); return std::nullopt;
    case 5: length = 4; break;
    default: Fail("not a Protocol Buffers field", start);
  }
  field.type = static_cast<WireType>(tag.type);
  field.content = {bytes_.position(), length};
  if (length > end_ - field.content.offset) {
    Fail("the file is cut off or damaged: a field reaches past the end of what holds it", start);
  }
  bytes_.Seek(field.content.end());
  field.whole = {start, field.content.end() - start};
  return field;
}

void FieldReader::SkipGroup(std::uint32_t number) {
  std::vector<std::uint32_t> open = {number};
  while (!open.empty()) {
    const std::uint64_t start = bytes_.position();
    const Tag tag = TakeTag(bytes_, end_);
    if (tag.type == kEndGroup) {
      if (tag.number != open.back()) Fail("a group ends that did not begin", start);
      open.pop_back();
    } else if (tag.type == static_cast<std::uint64_t>(WireType::kGroup)) {
      open.push_back(tag.number);
      if (depth_ + static_cast<int>(open.size()) > kMostDepth) {
        Fail("groups are nested more than 100 deep", start);
      }
    } else {
      bytes_.Seek(start);
      TakeField();
    }
  }
}

}  // namespace polyak::onnx_format
