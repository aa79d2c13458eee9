#include "report/provenance.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "report/json_text.h"

namespace polyak {
namespace {

// Written piece by piece, of scalars: the library's lists and objects end the process where memory
// runs out, and there is an output that must be cleaned up. A name that isn't UTF-8 gets
// replacement characters.
std::string TextOf(const Json& scalar) {
  return scalar.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Value>
std::string TextOf(const std::vector<Value>& list) {
  std::string text = "[";
  for (const Value& value : list) {
    if (text.size() > 1) text += ',';
    text += TextOf(Json(value));
  }
  return text + ']';
}

void Add(std::string_view name, const std::string& value, std::string& object) {
  object += object.empty() ? '{' : ',';
  object += TextOf(Json(name)) + ':' + value;
}

std::string OptionsText(const std::vector<OptionReport>& options) {
  std::string text;
  for (const OptionReport& option : options) {
    std::visit([&](const auto& value) { Add(option.name, TextOf(value), text); }, option.value);
  }
  return text.empty() ? "{}" : text + '}';
}

std::string InputText(const InputReport& input) {
  constexpr std::size_t kHashDigits = 32;
  const std::string hash =
      input.payload_hash.empty() ? std::string(kHashDigits, '0') : input.payload_hash;
  std::string text;
  Add("name", TextOf(Json(input.path.filename().string())), text);
  Add("bytes", TextOf(Json(input.file_bytes)), text);
  Add("weight", TextOf(Json(input.effective_weight)), text);
  Add("hash", input.weight == 0 ? "null" : TextOf(Json(hash)), text);
  return text + '}';
}

}  // namespace

std::string ProvenanceRecord(const Report& report) {
  std::string inputs = "[";
  for (const InputReport& input : report.inputs) {
    if (inputs.size() > 1) inputs += ',';
    inputs += InputText(input);
  }
  std::string record;
  Add("version", TextOf(Json(report.version)), record);
  Add("method", TextOf(Json(report.method)), record);
  Add("options", OptionsText(report.options), record);
  Add("template", TextOf(Json(report.inputs[report.template_index].path.filename().string())),
      record);
  Add("inputs", inputs + ']', record);
  return record + '}';
}

}  // namespace polyak
