#include "formats/keras/attribute_lists.h"

namespace polyak::keras {

AttributeLists::AttributeLists(std::span<const hdf5::ImageContents> images) {
  for (const hdf5::ImageContents& image : images) {
    for (const hdf5::TextAttribute& attribute : image.attributes) {
      by_name_.emplace(
          std::pair(std::string_view(attribute.object), std::string_view(attribute.name)),
          &attribute);
    }
  }
}

bool AttributeLists::Has(std::string_view group, std::string_view name) const {
  return by_name_.contains({group, name}) || by_name_.contains({group, std::string(name) + "0"});
}

std::vector<std::string_view> AttributeLists::ListOf(std::string_view group,
                                                     std::string_view name) const {
  if (const auto whole = by_name_.find({group, name}); whole != by_name_.end()) {
    return {whole->second->values.begin(), whole->second->values.end()};
  }
  std::vector<std::string_view> values;
  for (int part = 0;; ++part) {
    const std::string part_name = std::string(name) + std::to_string(part);
    const auto found = by_name_.find({group, part_name});
    if (found == by_name_.end()) return values;
    values.insert(values.end(), found->second->values.begin(), found->second->values.end());
  }
}

std::string AttributeLists::TextOf(std::string_view group, std::string_view name) const {
  std::string text;
  for (const std::string_view value : ListOf(group, name)) text += value;
  return text;
}

}  // namespace polyak::keras
