#include "core/mismatch.h"

#include <algorithm>
#include <array>

namespace polyak {

std::string_view NameOf(Mismatch::Kind kind) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"only_in_template", "only_in_input",
                                                      "other_shape", "other_dtype"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string ShortName(const Mismatches& mismatches, std::size_t input) {
  const std::string& path = mismatches.inputs[input];
  std::size_t shared = path.size();
  for (const std::string& other : mismatches.inputs) {
    const auto end = std::ranges::mismatch(path, other).in1;
    shared = std::min(shared, static_cast<std::size_t>(end - path.begin()));
  }
  if (shared == 0) return path;
  const std::size_t slash = path.rfind('/', shared - 1);
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace polyak
