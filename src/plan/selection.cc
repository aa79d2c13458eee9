#include "plan/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <utility>

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

// The first pattern that matches, with its option; empty: none does. Notes all that do.
std::string FirstMatch(const std::vector<std::string>& patterns, std::vector<bool>& used,
                       const char* option, const std::string& name) {
  std::string first;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (fnmatch(patterns[i].c_str(), name.c_str(), 0) != 0) continue;
    if (first.empty()) first = fmt::format("{} '{}'", option, patterns[i]);
    used[i] = true;
  }
  return first;
}

}  // namespace

Selector::Selector(const Selection& selection)
    : selection_(selection),
      include_used_(selection.include.size()),
      exclude_used_(selection.exclude.size()) {}

Selected Selector::Choose(const std::string& name) {
  const std::string include = FirstMatch(selection_.include, include_used_, "--include", name);
  std::string exclude = FirstMatch(selection_.exclude, exclude_used_, "--exclude", name);
  if (!exclude.empty()) return {Choice::kExcluded, std::move(exclude)};
  if (!include.empty()) return {Choice::kIncluded, include};
  if (selection_.include.empty()) return {Choice::kByDefault, ""};
  return {Choice::kNotIncluded, "not in --include"};
}

void Selector::CheckAllUsed() const {
  CheckUsed(selection_.include, include_used_, "--include");
  CheckUsed(selection_.exclude, exclude_used_, "--exclude");
}

}  // namespace polyak
