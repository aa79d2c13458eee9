// The options of a run as JSON, for the report and the provenance record.
#pragma once

#include <variant>
#include <vector>

#include "report/json_text.h"
#include "report/report.h"

namespace polyak {

// {"decay": 0.5, "exclude": ["head.*"]}, in the order given.
inline Json OptionsJson(const std::vector<OptionReport>& options) {
  Json json = Json::object();
  for (const OptionReport& option : options) {
    std::visit([&](const auto& value) { json[option.name] = value; }, option.value);
  }
  return json;
}

}  // namespace polyak
