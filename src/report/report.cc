#include "report/report.h"

#include <array>
#include <unordered_map>

namespace polyak {

std::string_view NameOf(Fate fate) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"average", "share", "keep"};
  return kNames.at(static_cast<std::size_t>(fate));
}

void DescribeTensors(const Plan& plan, std::span<const TensorInfo> tensors, Report& report) {
  report.rules = plan.rules;
  report.averaged_tensors = plan.averaged.size();
  report.averaged_elements = plan.averaged_elements;
  report.tensors.reserve(tensors.size());
  std::unordered_map<TensorNumber, std::uint32_t> shared;  // rules for aliases, by their original
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const TensorPlan& tensor = plan.tensors[t];
    std::uint32_t rule = tensor.rule;
    Fate fate = tensor.action == Action::kAverage ? Fate::kAverage : Fate::kKeep;
    if (tensor.same_as != kNoTensor) {
      const auto [known, is_new] =
          shared.emplace(tensor.same_as, static_cast<std::uint32_t>(report.rules.size()));
      if (is_new) report.rules.push_back("the same data as " + tensors[tensor.same_as].name);
      rule = known->second;
      fate = Fate::kShare;
    }
    report.tensors.push_back({.name = tensors[t].name,
                              .dtype = tensors[t].dtype,
                              .shape = tensors[t].shape,
                              .role = tensors[t].role,
                              .bytes = tensors[t].stored_bytes,
                              .fate = fate,
                              .rule = rule});
  }
}

std::uint64_t DescriptionBytes(std::span<const TensorInfo> tensors) noexcept {
  constexpr std::uint64_t kAllocations = 64;  // headers and rounding of two of them
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : tensors) {
    bytes += sizeof(TensorReport) + kAllocations + tensor.name.size() +
             tensor.shape.size() * sizeof(std::uint64_t);
  }
  return bytes;
}

}  // namespace polyak
