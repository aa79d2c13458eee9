#include "report/checkpoint_warnings.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

namespace polyak {
namespace {

struct SharedWarning {
  std::string_view text;
  const Checkpoint* first;
  std::size_t checkpoints;
};

std::string TextOf(const SharedWarning& warning) {
  std::string text = fmt::format("{}: {}", warning.first->path().string(), warning.text);
  if (warning.checkpoints > 1) {
    text += fmt::format(" (and so for {} more)", warning.checkpoints - 1);
  }
  return text;
}

}  // namespace

std::vector<std::string> WarningsOf(std::span<const Checkpoint* const> checkpoints) {
  constexpr std::size_t kMostWarnings = 20;
  std::vector<SharedWarning> found;
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (const Checkpoint* checkpoint : checkpoints) {
    for (const std::string& text : checkpoint->warnings()) {
      const auto [known, is_new] = numbers.emplace(text, found.size());
      if (is_new) {
        found.push_back({text, checkpoint, 1});
      } else {
        ++found[known->second].checkpoints;
      }
    }
  }
  std::vector<std::string> warnings;
  for (const SharedWarning& warning : found) {
    if (warnings.size() == kMostWarnings) {
      warnings.push_back(fmt::format("{} more things are odd about the checkpoints",
                                     found.size() - kMostWarnings));
      break;
    }
    warnings.push_back(TextOf(warning));
  }
  return warnings;
}

}  // namespace polyak
