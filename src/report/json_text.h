// JSON as all of polyak's outputs have it.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace polyak {

using Json = nlohmann::ordered_json;

// In one line, and ASCII: what a terminal might obey is escaped. Bytes of names that aren't UTF-8
// become U+FFFD.
template <class AnyJson>
std::string JsonText(const AnyJson& json) {
  return json.dump(-1, ' ', true, AnyJson::error_handler_t::replace);
}

// A list, an element per line, as it is made: its size doesn't matter.
template <class List, class MakeJson>
void WriteJsonList(const List& list, const MakeJson& make_json, std::ostream& out) {
  out << '[';
  const char* separator = "\n";
  for (const auto& element : list) {
    out << separator << JsonText(make_json(element));
    separator = ",\n";
  }
  out << "\n]";
}

}  // namespace polyak
