#include "core/tensor.h"

#include <array>

namespace polyak {

std::string_view NameOf(Role role) noexcept {
  constexpr std::array<std::string_view, 9> kNames = {"parameter", "running statistic",
                                                      "constant",  "optimizer state",
                                                      "counter",   "seed",
                                                      "quantized", "metric",
                                                      "other"};
  return kNames.at(static_cast<std::size_t>(role));
}

std::uint64_t TensorInfo::list_bytes() const noexcept {
  constexpr std::uint64_t kAllocations = 48;  // headers and rounding of name and shape
  return sizeof(TensorInfo) + kAllocations + name.size() + storage.size() + unreadable.size() +
         shape.size() * sizeof(std::uint64_t);
}

std::uint64_t TensorInfo::index_bytes() const noexcept {
  constexpr std::uint64_t kPayloadBytes = 88;  // where it lies, its share of lists by tensor
  return list_bytes() + kPayloadBytes;
}

std::string ShapeText(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t dimension : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dimension);
  }
  return text + ']';
}

}  // namespace polyak
