#include "inputs/name_list.h"

#include <algorithm>
#include <string_view>

namespace polyak {

std::string NameList(std::span<const std::string> names, std::size_t most, std::size_t skip) {
  std::string text;
  for (const std::string& name : names.first(std::min(most, names.size()))) {
    if (!text.empty()) text += ", ";
    text += std::string_view(name).substr(std::min(skip, name.size()));
  }
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

}  // namespace polyak
