#include "tensor_tree.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace polyak::command {
namespace {

constexpr std::size_t kMostDepth = 16;

class TreeWalk {
 public:
  TreeWalk(std::span<const TensorInfo> tensors, std::string_view separators,
           const std::function<void(const TreeLine& line)>& visit)
      : tensors_(tensors), separators_(separators), visit_(visit) {}

  // The tensors' names are alike up to `offset`; `branches` leads to them.
  void Walk(std::span<std::uint32_t> tensors, std::size_t offset, std::size_t depth,
            const std::string& branches) {
    const std::vector<std::size_t> sizes = Group(tensors, offset, depth);
    for (std::size_t g = 0; g < sizes.size(); ++g) {
      const std::span<std::uint32_t> group = tensors.first(sizes[g]);
      tensors = tensors.subspan(sizes[g]);
      const bool is_last = g + 1 == sizes.size();
      const std::string here = depth == 0 ? "" : branches + (is_last ? "└─ " : "├─ ");
      const std::string below = depth == 0 ? "" : branches + (is_last ? "   " : "│  ");
      Show(group, offset, depth, here, below);
    }
  }

 private:
  void Show(std::span<std::uint32_t> group, std::size_t offset, std::size_t depth,
            const std::string& here, const std::string& below) {
    const std::string_view name = NameOf(group[0]);
    if (group.size() == 1) {
      TreeLine line{here, name.substr(offset), group.data(), {}};
      line.totals.Add(tensors_[group[0]]);
      return visit_(line);
    }
    const std::size_t end = EndOfCommonParts(group, offset);
    TreeLine line{here, name.substr(offset, end - offset), nullptr, {}};
    for (const std::uint32_t tensor : group) line.totals.Add(tensors_[tensor]);
    visit_(line);
    Walk(group, end, depth + 1, below);
  }

  std::string_view NameOf(std::uint32_t tensor) const { return tensors_[tensor].name; }

  // The part of a tensor's name that begins at `offset`: any separators, text, separators.
  std::string_view PartAt(std::uint32_t tensor, std::size_t offset) const {
    const std::string_view rest = NameOf(tensor).substr(offset);
    const std::size_t text = std::min(rest.find_first_not_of(separators_), rest.size());
    const std::size_t separators = std::min(rest.find_first_of(separators_, text), rest.size());
    return rest.substr(0, rest.find_first_not_of(separators_, separators));
  }

  // Brings tensors whose next part is the same together, in the order of the first of each, and
  // returns how many there are of each.
  std::vector<std::size_t> Group(std::span<std::uint32_t> tensors, std::size_t offset,
                                 std::size_t depth) const {
    if (depth >= kMostDepth) return std::vector<std::size_t>(tensors.size(), 1);
    // Not a hash map: names are chosen by whoever made the file.
    std::map<std::string_view, std::uint32_t> group_of_part;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> groups;  // group, tensor
    std::vector<std::size_t> sizes;
    groups.reserve(tensors.size());
    for (const std::uint32_t tensor : tensors) {
      const auto next = static_cast<std::uint32_t>(sizes.size());
      const auto [part, is_new] = group_of_part.emplace(PartAt(tensor, offset), next);
      if (is_new) sizes.push_back(0);
      ++sizes[part->second];
      groups.emplace_back(part->second, tensor);
    }
    std::ranges::stable_sort(groups, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
    std::ranges::transform(groups, tensors.begin(), [](const auto& entry) { return entry.second; });
    return sizes;
  }

  // Where the parts end that all names of a group have in common; they have one. A name that ends
  // there ends them for all.
  std::size_t EndOfCommonParts(std::span<const std::uint32_t> group, std::size_t offset) const {
    for (std::size_t end = offset;;) {
      const std::string_view part = PartAt(group[0], end);
      const bool is_common = !part.empty() && std::ranges::all_of(group, [&](std::uint32_t tensor) {
        return PartAt(tensor, end) == part;
      });
      if (!is_common) return end;
      end += part.size();
    }
  }

  std::span<const TensorInfo> tensors_;
  std::string_view separators_;
  const std::function<void(const TreeLine& line)>& visit_;
};

}  // namespace

void WalkTree(std::span<const TensorInfo> tensors, TensorOrder& order, std::string_view separators,
              const std::function<void(const TreeLine& line)>& visit) {
  TreeWalk(tensors, separators, visit).Walk(order, 0, 0, "");
}

}  // namespace polyak::command
