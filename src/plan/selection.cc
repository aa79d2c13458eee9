#include "plan/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include "core/error.h"

namespace polyak {
namespace {

void CheckUsed(const std::vector<std::string>& patterns, const std::vector<bool>& used,
               const char* option) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (used[i]) continue;
    throw Error(ErrorKind::kUsage, fmt::format("{} '{}' matches no tensor", option, patterns[i]),
                "polyak inspect lists the tensors; '*' stands for any part of a name");
  }
}

}  // namespace

Selector::Selector(const Selection& selection)
    : selection_(selection),
      include_used_(selection.include.size()),
      exclude_used_(selection.exclude.size()) {}

Choice Selector::Choose(const std::string& name) {
  rule_.clear();
  const bool is_included = MatchesAny(selection_.include, include_used_, "--include", name);
  if (MatchesAny(selection_.exclude, exclude_used_, "--exclude", name)) return Choice::kExcluded;
  if (is_included) return Choice::kIncluded;
  if (selection_.include.empty()) return Choice::kByDefault;
  rule_ = "not in --include";
  return Choice::kNotIncluded;
}

bool Selector::MatchesAny(const std::vector<std::string>& patterns, std::vector<bool>& used,
                          const char* option, const std::string& name) {
  bool matches = false;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (fnmatch(patterns[i].c_str(), name.c_str(), 0) != 0) continue;
    if (!matches) rule_ = fmt::format("{} '{}'", option, patterns[i]);
    used[i] = true;
    matches = true;
  }
  return matches;
}

void Selector::CheckAllUsed() const {
  CheckUsed(selection_.include, include_used_, "--include");
  CheckUsed(selection_.exclude, exclude_used_, "--exclude");
}

}  // namespace polyak
