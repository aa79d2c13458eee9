#include "formats/keras/json_text.h"

#include "core/error.h"

namespace polyak::keras {
namespace {

// The parser keeps a stack of its own, but what it makes is destroyed level by level.
constexpr int kMostDepth = 200;

}  // namespace

nlohmann::json ParseJson(std::string_view text) {
  using nlohmann::json;
  bool is_too_deep = false;
  const auto keep = [&](int depth, json::parse_event_t /*event*/, json& /*parsed*/) {
    if (depth <= kMostDepth) return true;
    is_too_deep = true;
    return false;
  };
  json parsed = json::parse(text, keep, false);
  if (is_too_deep) throw Error(ErrorKind::kCorrupt, "is JSON that is nested too deep");
  if (parsed.is_discarded()) throw Error(ErrorKind::kCorrupt, "is not JSON, or damaged");
  return parsed;
}

}  // namespace polyak::keras
