// Datasets that are as others of the same file, told by their object headers alone.
//
// Opening a dataset takes the library some 20 us, and in a file of thousands nearly all have the
// same object header but for shape, place and time. So the library describes the first of a kind.
// A kind is all that is in the header, byte for byte: which messages there are, their versions and
// flags, the element type, the fill value; without the dimensions, the place of the elements, times
// and attributes. Of the others of that kind only those numbers are read here. Whatever is
// otherwise in any way (a header in several pieces, of version 2, with shared messages or such as
// are not known here, not contiguous, never written, a size that isn't that of its elements) is
// left to the library, which says what is wrong with it.
//
// Layout: HDF5 File Format Specification 3.0, section IV.A.1.a and the messages.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// Of the one file that is open, for an index.
class KnownHeaders {
 public:
  // What the dataset with this object address is; nothing where the library must be asked. Notes
  // the header as a place of structure.
  std::optional<wire::Dataset> Find(const std::string& path, haddr_t address);

  // What the library says of the dataset for which Find has just given nothing.
  void Learn(const wire::Dataset& described);

 private:
  std::unordered_map<std::string, wire::Dataset> described_;  // by kind
};

}  // namespace polyak::hdf5
