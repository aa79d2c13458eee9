#include "report/report_json.h"

#include <ostream>
#include <string>
#include <string_view>

#include "core/mismatch.h"
#include "report/json_text.h"
#include "report/options_json.h"

namespace polyak {
namespace {

Json InputJson(const InputReport& input) {
  Json json;
  json["path"] = input.path.string();
  json["bytes"] = input.file_bytes;
  json["weight"] = input.weight;
  json["effective_weight"] = input.effective_weight;
  if (!input.payload_hash.empty()) json["hash"] = input.payload_hash;
  return json;
}

Json TensorJson(const TensorReport& tensor, const Report& report) {
  Json json;
  json["name"] = tensor.name;
  json["dtype"] = NameOf(tensor.dtype);
  json["shape"] = tensor.shape;
  json["role"] = NameOf(tensor.role);
  json["bytes"] = tensor.bytes;
  json["action"] = NameOf(tensor.fate);
  json["reason"] = report.rules[tensor.rule];
  return json;
}

Json SecondsJson(const Timings& seconds) {
  return {{"open", seconds.open},       {"plan", seconds.plan},     {"compare", seconds.compare},
          {"average", seconds.average}, {"commit", seconds.commit}, {"total", seconds.total}};
}

Json MemoryJson(const Report& report) {
  return {{"budget_bytes", report.memory_budget_bytes},
          {"planned_bytes", report.planned_memory_bytes},
          {"peak_bytes", report.peak_memory_bytes}};
}

// Everything but the lists that grow with the checkpoints.
Json HeadJson(const Report& report) {
  Json json;
  json["version"] = report.version;
  json["dry_run"] = report.is_dry_run;
  json["method"] = report.method;
  json["options"] = OptionsJson(report.options);
  json["format"] = report.format;
  json["output"] = report.output.string();
  json["data_files"] = Json::array();
  for (const auto& file : report.data_files) json["data_files"].push_back(file.string());
  json["template"] = report.inputs[report.template_index].path.string();
  json["averaged_tensors"] = report.averaged_tensors;
  json["averaged_elements"] = report.averaged_elements;
  json["kept_tensors"] = report.tensors.size() - report.averaged_tensors;
  json["read_bytes"] = report.read_bytes;
  json["write_bytes"] = report.write_bytes;
  json["free_bytes"] = report.free_bytes;
  json["threads"] = report.workers;
  json["seconds"] = SecondsJson(report.seconds);
  json["memory"] = MemoryJson(report);
  if (!report.is_dry_run) json["durable"] = report.durability == Durability::kConfirmed;
  json["warnings"] = report.warnings;
  return json;
}

std::string_view KindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage: return "usage";
    case ErrorKind::kMismatch: return "mismatch";
    case ErrorKind::kCorrupt: return "corrupt";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kNonfinite: return "nonfinite";
    case ErrorKind::kSystem: return "system";
    case ErrorKind::kCancelled: break;
  }
  return "cancelled";
}

Json MismatchJson(const Mismatch& mismatch, const Mismatches& mismatches) {
  Json json;
  json["kind"] = NameOf(mismatch.kind);
  json["tensor"] = mismatch.tensor;
  if (!mismatch.found.empty()) json["found"] = mismatch.found;
  if (!mismatch.expected.empty()) json["expected"] = mismatch.expected;
  if (!mismatch.counterpart.empty()) json["counterpart"] = mismatch.counterpart;
  if (!mismatch.similar.empty()) json["similar"] = mismatch.similar;
  json["inputs"] = Json::array();
  for (const std::size_t input : mismatch.inputs)
    json["inputs"].push_back(mismatches.inputs[input]);
  return json;
}

// An object without its closing brace, so that lists can follow.
void WriteHead(const Json& head, std::ostream& out) {
  std::string text = JsonText(head);
  text.pop_back();
  out << text;
}

}  // namespace

void WriteJson(const Report& report, std::ostream& out) {
  WriteHead(HeadJson(report), out);
  out << ",\n\"inputs\": ";
  WriteJsonList(report.inputs, InputJson, out);
  out << ",\n\"left_out\": ";
  WriteJsonList(
      report.left_out, [](const auto& path) { return Json(path.string()); }, out);
  out << ",\n\"tensors\": ";
  WriteJsonList(
      report.tensors, [&](const TensorReport& tensor) { return TensorJson(tensor, report); }, out);
  out << "}\n";
}

void WriteJson(const Error& error, std::ostream& out) {
  Json head;
  head["kind"] = KindName(error.kind());
  head["message"] = error.what();
  if (!error.hint().empty()) head["hint"] = error.hint();
  if (error.mismatches())
    head["template"] = error.mismatches()->inputs[error.mismatches()->template_index];
  out << "{\"error\": ";
  WriteHead(head, out);
  if (error.mismatches()) {
    const Mismatches& mismatches = *error.mismatches();
    if (mismatches.left_out > 0) out << ", \"unlisted_mismatches\": " << mismatches.left_out;
    out << ", \"mismatches\": ";
    WriteJsonList(
        mismatches.list,
        [&](const Mismatch& mismatch) { return MismatchJson(mismatch, mismatches); }, out);
  }
  out << "}}\n";
}

}  // namespace polyak
