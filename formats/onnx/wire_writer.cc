#include "formats/onnx/wire_writer.h"

#include <onnx/onnx_pb.h>

namespace polyak::onnx_format {

void AppendVarint(std::uint64_t value, std::string& bytes) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
}

void AppendField(int number, std::string_view content, std::string& bytes) {
  constexpr std::uint64_t kBytesType = 2;
  AppendVarint(static_cast<std::uint64_t>(number) << 3 | kBytesType, bytes);
  AppendVarint(content.size(), bytes);
  bytes += content;
}

std::string KeyValueEntry(std::string_view key, std::string_view value) {
  std::string entry;
  AppendField(onnx::StringStringEntryProto::kKeyFieldNumber, key, entry);
  AppendField(onnx::StringStringEntryProto::kValueFieldNumber, value, entry);
  return entry;
}

}  // namespace polyak::onnx_format
