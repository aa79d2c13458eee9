// The orders in which tensors can be listed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace polyak::command {

// Numbers of tensors in the order in which they are shown.
using TensorOrder = std::vector<std::uint32_t>;

// "file", "name", "bytes", "elements", "role", "dtype"
std::vector<std::string> TensorSortKeys();

// By one of the keys, sizes from the largest on; what is equal stays in the order of the file.
TensorOrder OrderOf(std::span<const TensorInfo> tensors, std::string_view key);

}  // namespace polyak::command
