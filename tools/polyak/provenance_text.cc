#include "provenance_text.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "report/json_text.h"
#include "report/printable.h"

namespace polyak::command {
namespace {

// With sorted keys: of a hostile record a list of them would take quadratic time.
using Parsed = nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr int kMostDepth = 16;  // ours have three levels; printing goes by recursion
constexpr std::size_t kMostInputs = 64;

// The record as a JSON object, if it is one of a sane size.
std::optional<Parsed> ParseRecord(std::string_view record) {
  if (record.size() > kMostBytes) return std::nullopt;
  bool is_too_deep = false;
  const auto notice_depth = [&](int depth, Parsed::parse_event_t, const Parsed&) {
    is_too_deep = is_too_deep || depth > kMostDepth;
    return !is_too_deep;
  };
  Parsed parsed = Parsed::parse(record, notice_depth, /*allow_exceptions=*/false);
  if (is_too_deep || !parsed.is_object()) return std::nullopt;
  return parsed;
}

const Parsed* Find(const Parsed& object, const char* key,
                   bool (Parsed::*is_type)() const noexcept) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() && ((*found).*is_type)() ? &*found : nullptr;
}

// A member that is a string, made printable; empty where there is none.
std::string TextIn(const Parsed& object, const char* key) {
  const Parsed* text = Find(object, key, &Parsed::is_string);
  return text == nullptr ? "" : Printable(text->get_ref<const std::string&>());
}

std::string OptionsText(const Parsed& record) {
  const Parsed* options = Find(record, "options", &Parsed::is_object);
  if (options == nullptr || options->empty()) return "";
  std::string text;
  for (const auto& [name, value] : options->items()) {
    text += text.empty() ? " (" : ", ";
    text += Printable(name) + " " + JsonText(value);
  }
  return text + ")";
}

void AddInputs(const Parsed& inputs, const std::string& template_name, std::string& text) {
  std::size_t shown = 0;
  for (const Parsed& input : inputs) {
    if (shown++ == kMostInputs) break;
    const Parsed* weight = Find(input, "weight", &Parsed::is_number);
    const std::string name = TextIn(input, "name");
    fmt::format_to(std::back_inserter(text), "\n  {:<22} {}{}",
                   weight == nullptr ? "?" : JsonText(*weight), name,
                   !name.empty() && name == template_name ? "  (template)" : "");
  }
  if (inputs.size() > kMostInputs) {
    fmt::format_to(std::back_inserter(text), "\n  and {} more", inputs.size() - kMostInputs);
  }
}

}  // namespace

std::string ProvenanceText(std::string_view record) {
  const std::optional<Parsed> parsed = ParseRecord(record);
  const Parsed* inputs = parsed ? Find(*parsed, "inputs", &Parsed::is_array) : nullptr;
  const std::string method = parsed ? TextIn(*parsed, "method") : "";
  if (inputs == nullptr || method.empty()) return "made by polyak: " + Printable(record);
  const std::string version = TextIn(*parsed, "version");
  std::string text = fmt::format("made by polyak {}: {}{} of {}", version, method,
                                 OptionsText(*parsed), Counted(inputs->size(), "checkpoint"));
  AddInputs(*inputs, TextIn(*parsed, "template"), text);
  return text;
}

std::string ProvenanceJson(std::string_view record) {
  if (record.empty()) return "null";
  const std::optional<Parsed> parsed = ParseRecord(record);
  return JsonText(parsed ? *parsed : Parsed(record));
}

}  // namespace polyak::command
