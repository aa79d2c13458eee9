#include "formats/onnx/external_data.h"

#include <onnx/onnx_pb.h>

#include <charconv>
#include <system_error>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

using onnx::StringStringEntryProto;

struct Entry {
  std::string key;
  std::string value;
  Extent value_extent;
};

Entry EntryOf(FieldReader message) {
  Entry entry;
  while (const auto field = message.Next()) {
    if (field->Is(StringStringEntryProto::kKeyFieldNumber, WireType::kBytes)) {
      entry.key = message.NameIn(*field);
    } else if (field->Is(StringStringEntryProto::kValueFieldNumber, WireType::kBytes)) {
      entry.value = message.NameIn(*field);
      entry.value_extent = field->content;
    }
  }
  return entry;
}

std::uint64_t NumberIn(const Entry& entry) {
  std::uint64_t number = 0;
  const char* const end = entry.value.data() + entry.value.size();
  const auto [parsed, error] = std::from_chars(entry.value.data(), end, number);
  if (error != std::errc() || parsed != end) {
    throw Error(ErrorKind::kCorrupt, "the " + entry.key + " of its external data is no number of " +
                                         "bytes (found '" + entry.value + "')");
  }
  return number;
}

void CheckFirst(const Extent& earlier, const Entry& entry) {
  if (earlier.length == 0) return;
  throw Error(ErrorKind::kCorrupt, "its external data has two entries '" + entry.key + "'");
}

}  // namespace

void AddExternalEntry(const Field& field, FieldReader& message, ExternalData& data) {
  const Entry entry = EntryOf(message.Into(field));
  if (entry.key == "location") {
    CheckFirst(data.location_entry, entry);
    data.location = entry.value;
    data.location_value = entry.value_extent;
    data.location_entry = field.whole;
  } else if (entry.key == "offset") {
    CheckFirst(data.offset_value, entry);
    data.offset = NumberIn(entry);
    data.offset_value = entry.value_extent;
  } else if (entry.key == "length") {
    if (data.length) CheckFirst(field.whole, entry);
    data.length = NumberIn(entry);
  } else if (entry.key == "checksum") {
    data.checksum_entry = field.whole;
  } else {
    data.unknown_key = entry.key.empty() ? "(empty)" : entry.key;
  }
}

}  // namespace polyak::onnx_format
