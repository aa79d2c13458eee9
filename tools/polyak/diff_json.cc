#include "diff_json.h"

#include <array>
#include <ostream>

#include "diff_order.h"
#include "figures.h"
#include "report/json_text.h"

namespace polyak::command {
namespace {

std::string_view KeyOf(Verdict verdict) {
  constexpr std::array<std::string_view, 7> kKeys = {
      "equal", "different", "only_in_a", "only_in_b", "other_shape", "other_dtype", "not_compared"};
  return kKeys.at(static_cast<std::size_t>(verdict));
}

std::string_view KeyOf(ComparedAs compared_as) {
  constexpr std::array<std::string_view, 4> kKeys = {"nothing", "values", "elements", "stored"};
  return kKeys.at(static_cast<std::size_t>(compared_as));
}

Json SideJson(const ComparedCheckpoint& side, TensorNumber number) {
  if (number == kNoTensor) return nullptr;
  const TensorInfo& tensor = side.checkpoint->tensors()[number];
  return {{"dtype", NameOf(tensor.dtype)}, {"shape", tensor.shape}, {"bytes", tensor.stored_bytes}};
}

Json TensorJson(const Diff& found, const TensorDiff& tensor) {
  const ElementDifferences& figures = tensor.differences;
  const ComparedAs how = tensor.pair.compared_as;
  const bool is_counted = how == ComparedAs::kValues || how == ComparedAs::kElements;
  const bool has_norms = found.HasNorms(tensor);
  Json json;
  json["name"] = found.InfoOf(tensor).name;
  json["result"] = KeyOf(tensor.verdict);
  json["a"] = SideJson(found.a, tensor.pair.a);
  json["b"] = SideJson(found.b, tensor.pair.b);
  json["compared_as"] = KeyOf(how);
  json["differing"] = is_counted ? Json(figures.differing) : nullptr;
  json["nonfinite_mismatches"] = has_norms ? Json(figures.nonfinite_mismatches) : nullptr;
  json["max_difference"] =
      how == ComparedAs::kValues ? FigureJson(figures.max_difference) : nullptr;
  json["max_ulps"] = found.HasUlps(tensor) ? Json(figures.max_ulps) : nullptr;
  json["relative_l2"] = has_norms ? FigureJson(figures.relative_l2()) : nullptr;
  json["cosine"] = has_norms ? FigureJson(figures.cosine()) : nullptr;
  if (const std::string_view reason = found.WhyNotCompared(tensor); !reason.empty()) {
    json["reason"] = reason;
  }
  return json;
}

Json CheckpointJson(const ComparedCheckpoint& side) {
  return {{"path", side.checkpoint->path().string()},
          {"format", side.format},
          {"file_bytes", side.checkpoint->file_bytes()},
          {"tensors", side.checkpoint->tensors().size()}};
}

}  // namespace

void PrintDiffJson(const Diff& found, std::string_view sort, double tolerance, std::ostream& out) {
  out << "{\"a\": " << JsonText(CheckpointJson(found.a))
      << ",\n \"b\": " << JsonText(CheckpointJson(found.b))
      << ",\n \"tolerance\": " << JsonText(FigureJson(tolerance)) << ",\n \"tensors\": ";
  WriteJsonList(
      OrderOf(found, sort),
      [&](std::uint32_t number) { return TensorJson(found, found.tensors[number]); }, out);
  const Json totals = {{"tensors", found.tensors.size()},
                       {"equal", found.equal()},
                       {"different", found.different()},
                       {"not_compared", found.not_compared()}};
  out << ",\n \"totals\": " << JsonText(totals) << "}\n";
}

}  // namespace polyak::command
