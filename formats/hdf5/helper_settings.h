// What it takes to start a helper.
#pragma once

#include <cstdint>
#include <filesystem>

namespace polyak::hdf5 {

struct HelperSettings {
  std::filesystem::path program;  // empty: looked for
  std::uint64_t memory_bytes = 0;
};

}  // namespace polyak::hdf5
