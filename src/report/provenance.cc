#include "report/provenance.h"

#include "report/json_text.h"
#include "report/options_json.h"

namespace polyak {
namespace {

Json InputJson(const InputReport& input) {
  constexpr std::size_t kHashDigits = 32;
  Json json;
  json["name"] = input.path.filename().string();
  json["bytes"] = input.file_bytes;
  json["weight"] = input.effective_weight;
  if (input.weight == 0) {
    json["hash"] = nullptr;
  } else {
    json["hash"] = input.payload_hash.empty() ? std::string(kHashDigits, '0') : input.payload_hash;
  }
  return json;
}

}  // namespace

std::string ProvenanceRecord(const Report& report) {
  Json record;
  record["version"] = report.version;
  record["method"] = report.method;
  record["options"] = OptionsJson(report.options);
  record["template"] = report.inputs[report.template_index].path.filename().string();
  record["inputs"] = Json::array();
  for (const InputReport& input : report.inputs) record["inputs"].push_back(InputJson(input));
  // A name that isn't UTF-8 gets replacement characters.
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace polyak
