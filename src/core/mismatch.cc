#include "core/mismatch.h"

#include <array>

namespace polyak {

std::string_view NameOf(Mismatch::Kind kind) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"only_in_template", "only_in_input",
                                                      "other_shape", "other_dtype"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace polyak
