// Which file it is, whatever path leads to it.
#pragma once

#include <cstdint>

namespace polyak {

// stat's st_dev and st_ino.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

}  // namespace polyak
