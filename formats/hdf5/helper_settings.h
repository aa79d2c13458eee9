// What it takes to start a helper.
#pragma once

#include <cstdint>

#include "core/helper_program.h"

namespace polyak::hdf5 {

struct HelperSettings {
  HelperProgram program;
  std::uint64_t memory_bytes = 0;
};

}  // namespace polyak::hdf5
