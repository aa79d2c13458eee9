#include "formats/keras/json_text.h"

#include <array>
#include <cstddef>

#include "core/error.h"

namespace polyak::keras {
namespace {

// The parser keeps a stack of its own, but what it makes is destroyed level by level.
constexpr int kMostDepth = 200;

// Looks at a text while it is parsed.
class Watch {
 public:
  // False: leave out what was parsed.
  bool See(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > kMostDepth) is_too_deep_ = true;
    if (is_too_deep_) return false;
    const auto level = static_cast<std::size_t>(depth);
    if (event == Event::object_start) keys_[level + 1] = 0;
    if (event == Event::key) ++keys_[level];
    // The parser keeps the last value of a key.
    if (event == Event::object_end && parsed.size() != keys_[level + 1]) has_key_twice_ = true;
    return true;
  }

  void Check() const {
    if (is_too_deep_) throw Error(ErrorKind::kCorrupt, "is JSON that is nested too deep");
    if (has_key_twice_) throw Error(ErrorKind::kCorrupt, "is JSON that has a key twice");
  }

 private:
  std::array<std::size_t, kMostDepth + 2> keys_{};  // of the objects that are open, by depth
  bool is_too_deep_ = false;
  bool has_key_twice_ = false;
};

}  // namespace

nlohmann::json ParseJson(std::string_view text) {
  using nlohmann::json;
  // The parser takes it for the end, whatever follows.
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::kCorrupt, "is JSON with a NUL character in it");
  }
  Watch watch;
  const auto keep = [&](int depth, json::parse_event_t event, const json& parsed) {
    return watch.See(depth, event, parsed);
  };
  json parsed = json::parse(text, keep, false);
  watch.Check();
  if (parsed.is_discarded()) throw Error(ErrorKind::kCorrupt, "is not JSON, or damaged");
  return parsed;
}

}  // namespace polyak::keras
