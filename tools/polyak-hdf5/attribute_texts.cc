#include "attribute_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "formats/hdf5/protocol.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

// All texts of a file, and what a list of them is in memory and in messages. The model of 10,000
// layers in config.json has 5 MB.
constexpr std::size_t kMostBytes = std::size_t{32} << 20;
constexpr std::size_t kBytesPerValue = 16;
constexpr std::size_t kBytesOfPiece = std::size_t{24} << 10;

Failure TooMuch() {
  return {wire::Failure::UNSUPPORTED,
          fmt::format("its attributes have more than {} MiB of text", kMostBytes >> 20)};
}

// As the library pads texts, and numpy.
std::string WithoutPadding(std::string_view text, H5T_str_t padding) {
  if (padding == H5T_STR_SPACEPAD) {
    return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
  }
  if (padding == H5T_STR_NULLTERM) return std::string(text.substr(0, text.find('\0')));
  return std::string(text.substr(0, text.find_last_not_of('\0') + 1));
}

std::vector<std::string> ReadFixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t bytes = H5Tget_size(type);
  if (bytes == 0) throw LibraryFailure();
  if (count > kMostBytes / bytes) throw TooMuch();
  std::string all(count * bytes, '\0');
  Checked(H5Aread(attribute, type, all.data()));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(
        WithoutPadding(std::string_view(all).substr(i * bytes, bytes), H5Tget_strpad(type)));
  }
  return values;
}

std::vector<std::string> ReadVariable(hid_t attribute, hid_t type, hid_t space, std::size_t count) {
  std::vector<char*> texts(count, nullptr);
  Checked(H5Aread(attribute, type, texts.data()));
  std::vector<std::string> values;
  std::size_t bytes = 0;
  for (const char* text : texts) {
    const std::string_view value = text == nullptr ? "" : text;
    bytes += value.size();
    if (bytes > kMostBytes) throw TooMuch();
    values.emplace_back(value);
  }
  Checked(H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data()));
  return values;
}

bool HasAttributes(hid_t object) {
  H5O_info_t info{};
  Checked(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS));
  return info.num_attrs != 0;
}

}  // namespace

std::optional<AttributeTexts> ReadTexts(hid_t object, const std::string& name) {
  if (Checked(H5Aexists(object, name.c_str())) == 0) return std::nullopt;
  const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
  const Handle stored_type(H5Aget_type(attribute.id()), H5Tclose);
  const Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (H5Tget_class(stored_type.id()) != H5T_STRING) return std::nullopt;
  const H5S_class_t extent = H5Sget_simple_extent_type(space.id());
  if (extent != H5S_SCALAR && extent != H5S_SIMPLE) return std::nullopt;
  if (Checked(H5Sget_simple_extent_ndims(space.id())) > 1) return std::nullopt;
  const auto count = static_cast<std::size_t>(Checked(H5Sget_simple_extent_npoints(space.id())));
  if (count > kMostBytes / kBytesPerValue) throw TooMuch();
  const Handle type(H5Tcopy(stored_type.id()), H5Tclose);
  const bool is_variable = Checked(H5Tis_variable_str(type.id())) > 0;
  return AttributeTexts{.values = is_variable
                                      ? ReadVariable(attribute.id(), type.id(), space.id(), count)
                                      : ReadFixed(attribute.id(), type.id(), count),
                        .is_list = extent == H5S_SIMPLE};
}

void AttributeSender::Send(hid_t group, const std::string& path) {
  if (!HasAttributes(group)) return;
  for (const AttributeName& wanted : kAttributeNames) {
    const std::string name(wanted.name);
    SendOne(group, path, name);
    if (!wanted.may_be_split) continue;
    SendOne(group, path, name + "0");
    for (unsigned part = 1; SendOne(group, path, fmt::format("{}{}", name, part)); ++part) {
    }
  }
}

bool AttributeSender::SendOne(hid_t group, const std::string& path, const std::string& name) {
  try {
    const std::optional<AttributeTexts> texts = ReadTexts(group, name);
    if (!texts) return false;
    SendPieces(path, name, *texts);
    return true;
  } catch (Failure& failure) {
    failure.AddContext(fmt::format("attribute '{}'", name));
    throw;
  }
}

void AttributeSender::SendPieces(const std::string& path, const std::string& name,
                                 const AttributeTexts& texts) {
  wire::Attribute piece;
  std::size_t piece_bytes = path.size() + name.size();
  piece.set_object(path);
  piece.set_name(name);
  piece.set_is_list(texts.is_list);
  const auto send = [&] {
    bytes_sent_ += piece_bytes + kBytesPerValue;
    if (bytes_sent_ > kMostBytes) throw TooMuch();
    *answer_.ReplyWith(piece.ByteSizeLong()).add_attributes() = std::move(piece);
    piece = wire::Attribute();
    piece_bytes = 0;
  };
  for (const std::string& text : texts.values) {
    std::string_view rest = text;
    if (piece_bytes > kBytesOfPiece) {
      send();
      // Nothing is added to the last value of the piece before; a new value follows.
      piece.set_continues(true);
      piece.add_values("");
    }
    for (bool is_first = true; is_first || !rest.empty(); is_first = false) {
      if (!is_first) {
        send();
        piece.set_continues(true);
      }
      const std::size_t length = std::min(rest.size(), kBytesOfPiece);
      piece.add_values(std::string(rest.substr(0, length)));
      piece_bytes += length + kBytesPerValue;
      rest.remove_prefix(length);
    }
  }
  send();
}

}  // namespace polyak::hdf5
