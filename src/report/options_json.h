// The options of a run as JSON, for the report and the provenance record.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "report/report.h"

namespace polyak {

// {"decay": 0.5, "exclude": ["head.*"]}, in the order given.
inline nlohmann::ordered_json OptionsJson(const std::vector<OptionReport>& options) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const OptionReport& option : options) {
    std::visit([&](const auto& value) { json[option.name] = value; }, option.value);
  }
  return json;
}

}  // namespace polyak
