// Writes fields of the Protocol Buffers wire format (formats/onnx/wire.h), as short as they can be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace polyak::onnx_format {

void AppendVarint(std::uint64_t value, std::string& bytes);
// Tag, length, content: a string, or a message that is written already.
void AppendField(int number, std::string_view content, std::string& bytes);
// StringStringEntryProto { key, value }.
std::string KeyValueEntry(std::string_view key, std::string_view value);

}  // namespace polyak::onnx_format
