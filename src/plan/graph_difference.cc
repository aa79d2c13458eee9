#include "plan/graph_difference.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

namespace polyak {
namespace {

// The next node from `node` on that counts; nothing after the last.
std::optional<std::size_t> NextNode(const std::vector<std::uint64_t>& hashes, std::size_t node) {
  while (node < hashes.size() && hashes[node] == 0) ++node;
  return node < hashes.size() ? std::optional(node) : std::nullopt;
}

}  // namespace

std::optional<GraphDifference> FirstDifference(const GraphShape& graph, const GraphShape& other) {
  if (&graph == &other) return std::nullopt;
  auto node = NextNode(graph.node_hashes, 0);
  auto other_node = NextNode(other.node_hashes, 0);
  while (node && other_node && graph.node_hashes[*node] == other.node_hashes[*other_node]) {
    node = NextNode(graph.node_hashes, *node + 1);
    other_node = NextNode(other.node_hashes, *other_node + 1);
  }
  if (!node && !other_node) return std::nullopt;
  return GraphDifference{.node = node, .other_node = other_node};
}

std::string DifferenceText(const GraphDifference& difference, const Checkpoint& checkpoint,
                           const Checkpoint& other) {
  const std::string other_name = other.path().filename().string();
  if (!difference.node) {
    return fmt::format("it has nothing like {} of {}", other.DescribeNode(*difference.other_node),
                       other_name);
  }
  const std::string node = checkpoint.DescribeNode(*difference.node);
  if (!difference.other_node) return fmt::format("{} has nothing like its {}", other_name, node);
  const std::string other_node = other.DescribeNode(*difference.other_node);
  if (node == other_node) {
    return fmt::format("its {} has other attributes or other inputs in {}", node, other_name);
  }
  return fmt::format("its {} is {} in {}", node, other_node, other_name);
}

}  // namespace polyak
