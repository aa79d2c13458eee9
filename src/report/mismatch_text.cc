#include "report/mismatch_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

#include "report/printable.h"

namespace polyak {
namespace {

using Kind = Mismatch::Kind;

constexpr std::size_t kMostLines = 20;  // titles of groups and all else included
constexpr std::size_t kMostInputs = 4;

// Consecutive ones of one kind in the same inputs.
struct Group {
  std::span<const Mismatch> members;
  std::size_t shown = 0;
};

std::string FileName(const Mismatches& mismatches, std::size_t input) {
  return Printable(ShortName(mismatches, input));
}

std::string InputsText(const Mismatches& mismatches, const std::vector<std::size_t>& inputs) {
  const std::size_t others = mismatches.inputs.size() - 1;
  if (inputs.size() == others && others > 1) return fmt::format("all {} others", others);
  std::string text;
  for (std::size_t i = 0; i < std::min(inputs.size(), kMostInputs); ++i) {
    text += (i == 0 ? "" : ", ") + FileName(mismatches, inputs[i]);
  }
  if (inputs.size() > kMostInputs) {
    text += fmt::format(" and {} more of {}", inputs.size() - kMostInputs, others);
  }
  return text;
}

std::string TitleOf(const Mismatches& mismatches, const Mismatch& first) {
  const std::string inputs = InputsText(mismatches, first.inputs);
  switch (first.kind) {
    case Kind::kOnlyInTemplate:
      return fmt::format("only in {}, missing in {}",
                         FileName(mismatches, mismatches.template_index), inputs);
    case Kind::kOnlyInInput: return "only in " + inputs;
    case Kind::kOtherShape: return "other shape in " + inputs;
    case Kind::kOtherDType: break;
  }
  return "other dtype in " + inputs;
}

std::string LineOf(const Mismatch& mismatch) {
  std::string line = "    " + Printable(mismatch.tensor);
  if (mismatch.kind == Kind::kOtherShape || mismatch.kind == Kind::kOtherDType) {
    const std::string counterpart =
        mismatch.counterpart.empty() ? "" : " as " + Printable(mismatch.counterpart);
    return line +
           fmt::format("  {}, expected {}{}\n", mismatch.found, mismatch.expected, counterpart);
  }
  line += "  " + (mismatch.found.empty() ? mismatch.expected : mismatch.found);
  if (!mismatch.similar.empty()) line += fmt::format("  (like {}?)", Printable(mismatch.similar));
  return line + '\n';
}

std::vector<Group> GroupsOf(const Mismatches& mismatches) {
  std::vector<Group> groups;
  const std::span<const Mismatch> list = mismatches.list;
  for (std::size_t first = 0, end = 0; first < list.size(); first = end) {
    while (end < list.size() && list[end].kind == list[first].kind &&
           list[end].inputs == list[first].inputs) {
      ++end;
    }
    groups.push_back({.members = list.subspan(first, end - first)});
  }
  return groups;
}

// Gives each group its fair share of `most` lines: all in turn one more tensor, the first of which
// costs the group's title, too.
void ShareLines(std::size_t most, std::vector<Group>& groups) {
  for (std::size_t given = 0, before = 1; before != given;) {
    before = given;
    for (Group& group : groups) {
      const std::size_t cost = group.shown == 0 ? 2 : 1;
      if (given + cost > most || group.shown == group.members.size()) continue;
      ++group.shown;
      given += cost;
    }
  }
}

// How many of them no line tells of.
std::uint64_t ChooseShown(std::uint64_t left_out, std::vector<Group>& groups) {
  std::uint64_t lines = 0;
  std::uint64_t members = left_out;
  for (const Group& group : groups) {
    lines += 1 + group.members.size();
    members += group.members.size();
  }
  const bool fits = left_out == 0 && lines <= kMostLines;
  ShareLines(fits ? kMostLines : kMostLines - 1, groups);  // the last: "and N more"
  for (const Group& group : groups) members -= group.shown;
  return members;
}

}  // namespace

std::string MismatchText(const Mismatches& mismatches) {
  if (mismatches.list.size() == 1 && mismatches.list[0].inputs.size() == 1) return {};
  std::vector<Group> groups = GroupsOf(mismatches);
  const std::uint64_t untold = ChooseShown(mismatches.left_out, groups);
  std::string text;
  for (const Group& group : groups) {
    if (group.shown == 0) continue;
    text += "  " + TitleOf(mismatches, group.members[0]) + ":\n";
    for (const Mismatch& mismatch : group.members.first(group.shown)) text += LineOf(mismatch);
  }
  if (untold > 0) {
    const bool is_whole = mismatches.left_out == 0;
    text += fmt::format("  and {} more (--json lists {})\n", untold,
                        is_whole ? "all" : fmt::format("the first {}", mismatches.list.size()));
  }
  return text;
}

}  // namespace polyak
