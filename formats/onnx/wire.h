// The Protocol Buffers wire format, read field by field without parsing a message into memory.
// https://protobuf.dev/programming-guides/encoding/
//
// A message is a sequence of fields: a varint tag (number << 3 | wire type), then by wire type
//   0 varint | 1 eight bytes | 2 varint length and that many bytes | 3, 4 group | 5 four bytes.
// As protobuf has it: fields come in any order, unknown ones and groups are skipped, a varint may
// be longer than it needs (10 bytes at most), a known field of another wire type is unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/byte_reader.h"
#include "io/extents.h"

namespace polyak::onnx_format {

// No name of anything is longer, nor a path of names.
inline constexpr std::uint64_t kMostNameBytes = 16384;

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kFixed32 = 5,
};

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t varint = 0;     // kVarint only
  Extent content;               // kBytes: what the length counts; fixed: the bytes themselves
  Extent whole;                 // tag included
  std::uint64_t length_at = 0;  // kBytes: where the length stands, just before the content

  bool Is(int field_number, WireType wire_type) const noexcept {
    return number == static_cast<std::uint32_t>(field_number) && type == wire_type;
  }
};

// A varint at the reader's position, which moves behind it. Throws Error (kCorrupt).
std::uint64_t TakeVarint(ByteReader& bytes, std::uint64_t end);

// The fields of one message. Several readers of nested messages may take turns on one ByteReader.
class FieldReader {
 public:
  // `message` is where the message's fields lie, without tag and length. Depth counts nested
  // messages and groups; more than 100, protobuf's own limit, is refused.
  FieldReader(ByteReader& bytes, Extent message, int depth);

  // The next field, nothing after the last. Throws Error (kCorrupt) where a field is malformed
  // or passes the end of the message.
  std::optional<Field> Next();

  // The content of a field that is a name. Throws Error (kCorrupt) where it is longer than any
  // name is.
  std::string NameIn(const Field& field) const;
  // A reader of the message that the field holds.
  FieldReader Into(const Field& field) const { return {bytes_, field.content, depth_ + 1}; }
  ByteReader& bytes() const noexcept { return bytes_; }

 private:
  void SkipGroup(std::uint32_t number);
  std::optional<Field> TakeField();

  ByteReader& bytes_;
  std::uint64_t position_;
  std::uint64_t end_;
  int depth_;
};

}  // namespace polyak::onnx_format
