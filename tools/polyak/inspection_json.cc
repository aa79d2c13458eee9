#include "inspection_json.h"

#include <ostream>

#include "figures.h"
#include "provenance_text.h"
#include "report/json_text.h"
#include "tensor_totals.h"

namespace polyak::command {
namespace {

Json StatisticsJson(const ElementStatistics& statistics) {
  if (statistics.elements() == 0) return nullptr;
  const bool has_finite = statistics.finite > 0;
  Json json;
  json["min"] = has_finite ? FigureJson(statistics.min) : nullptr;
  json["max"] = has_finite ? FigureJson(statistics.max) : nullptr;
  json["mean"] = has_finite ? FigureJson(statistics.mean()) : nullptr;
  json["norm"] = has_finite ? FigureJson(statistics.norm()) : nullptr;
  json["zeros"] = statistics.zeros;
  json["nans"] = statistics.nans;
  json["infinities"] = statistics.infinities;
  return json;
}

Json TensorJson(const Inspection& found, std::uint32_t number) {
  const TensorInfo& tensor = found.checkpoint->tensors()[number];
  Json json;
  json["name"] = tensor.name;
  json["dtype"] = NameOf(tensor.dtype);
  json["shape"] = tensor.shape;
  json["elements"] = tensor.elements;
  json["bytes"] = tensor.stored_bytes;
  json["role"] = NameOf(tensor.role);
  if (!tensor.use.empty()) json["use"] = tensor.use;
  json["storage"] = tensor.storage;
  json["readable"] = tensor.unreadable.empty();
  if (!tensor.unreadable.empty()) json["reason"] = tensor.unreadable;
  if (!found.statistics.empty()) json["stats"] = StatisticsJson(found.statistics[number]);
  return json;
}

Json PropertiesJson(std::span<const Property> properties) {
  Json json = Json::object();
  for (const Property& property : properties) json[property.name] = property.value;
  return json;
}

Json TotalsJson(const Totals& totals) {
  return {{"tensors", totals.tensors}, {"elements", totals.elements}, {"bytes", totals.bytes}};
}

Json TotalsJson(std::span<const TensorInfo> tensors) {
  Json json = TotalsJson(TotalsOf(tensors));
  json["kinds"] = Json::array();
  for (const auto& [kind, totals] : TotalsByKindOf(tensors)) {
    Json of_kind = {{"role", NameOf(kind.first)}, {"dtype", NameOf(kind.second)}};
    of_kind.update(TotalsJson(totals));
    json["kinds"].push_back(std::move(of_kind));
  }
  return json;
}

}  // namespace

void PrintInspectionJson(const Inspection& found, const TensorOrder& order, std::ostream& out) {
  const Checkpoint& checkpoint = *found.checkpoint;
  out << "{\"format\": " << JsonText(Json(found.format))
      << ",\n \"path\": " << JsonText(Json(checkpoint.path().string()))
      << ",\n \"file_bytes\": " << checkpoint.file_bytes()
      << ",\n \"properties\": " << JsonText(PropertiesJson(checkpoint.properties()))
      << ",\n \"tensors\": ";
  WriteJsonList(
      order, [&](std::uint32_t number) { return TensorJson(found, number); }, out);
  out << ",\n \"totals\": " << JsonText(TotalsJson(checkpoint.tensors()))
      << ",\n \"provenance\": " << ProvenanceJson(checkpoint.provenance()) << "}\n";
}

}  // namespace polyak::command
