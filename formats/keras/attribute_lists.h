// The texts that an HDF5 file of Keras has beside its datasets, by group and name.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/hdf5/hdf5_format.h"

namespace polyak::keras {

// Views of the images' attributes, which must outlive it. Any thread.
class AttributeLists {
 public:
  explicit AttributeLists(std::span<const hdf5::ImageContents> images);

  bool Has(std::string_view group, std::string_view name) const;
  // The values of `name`, or, where those didn't fit one attribute, of name0, name1, ... one after
  // the other. Empty where there are none.
  std::vector<std::string_view> ListOf(std::string_view group, std::string_view name) const;
  // Likewise, as one text.
  std::string TextOf(std::string_view group, std::string_view name) const;

 private:
  std::map<std::pair<std::string_view, std::string_view>, const hdf5::TextAttribute*> by_name_;
};

}  // namespace polyak::keras
