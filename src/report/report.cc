#include "report/report.h"

#include <algorithm>

namespace polyak {
namespace {

std::string ReasonOf(const TensorPlan& tensor, std::span<const TensorInfo> tensors) {
  if (tensor.same_as == kNoTensor) return std::string(tensor.reason);
  return "the same data as " + tensors[tensor.same_as].name;
}

}  // namespace

std::vector<KeptReport> KeptTensors(const Plan& plan, std::span<const TensorInfo> tensors) {
  std::vector<KeptReport> kept;
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    const TensorPlan& tensor = plan.tensors[t];
    if (tensor.action == Action::kAverage && tensor.same_as == kNoTensor) continue;
    const std::string reason = ReasonOf(tensor, tensors);
    auto group = std::ranges::find(kept, reason, &KeptReport::reason);
    if (group == kept.end()) group = kept.insert(kept.end(), {.reason = reason, .tensors = {}});
    group->tensors.push_back(tensors[t].name);
  }
  return kept;
}

}  // namespace polyak
