// What stands for a name where there are many: 128 bits of a hash, so that no two have the same.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyak::onnx_format {

struct NameHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static NameHash Of(std::string_view name) noexcept {
    const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
    return {hash.low64, hash.high64};
  }
  bool operator==(const NameHash&) const = default;
};

// For tables of them.
struct LowOfNameHash {
  std::size_t operator()(const NameHash& hash) const noexcept { return hash.low; }
};

}  // namespace polyak::onnx_format
