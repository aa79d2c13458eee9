// A file driver for the HDF5 library that reads one file by its descriptor, read-only, and opens
// nothing by name: not external files, not the sources of virtual datasets, not the file itself
// again.
#pragma once

#include <hdf5.h>

#include <vector>

#include "library.h"

namespace polyak::hdf5 {

struct StructurePlace {
  haddr_t begin;
  haddr_t length;  // that is certainly structure; there may be more
};

// The file of `descriptor`, opened by the library; closed with this object, the descriptor isn't.
// One at a time. Throws Failure.
class DescriptorFile {
 public:
  explicit DescriptorFile(int descriptor);

  hid_t id() const noexcept { return file_.id(); }

  // Where the library found the file's structure: each place that it read since the file was
  // opened, from the start of the file. It reads no dataset's elements for an index.
  static const std::vector<StructurePlace>& StructurePlaces() noexcept;

  // The errno of the last read that failed; 0: none did.
  static int LastReadError() noexcept;

 private:
  static hid_t Open(int descriptor);

  Handle file_;
};

}  // namespace polyak::hdf5
