// Errors as JSON, for whoever asked for JSON and reads nothing else.
#pragma once

#include <ostream>

#include "core/error.h"
#include "report/report_json.h"

namespace polyak::command {

// What `work` returns. What it throws is passed on, and where `json` is set printed before.
template <class Work>
auto WithErrorsAsJson(bool json, std::ostream& out, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (json) WriteJson(error, out);
    throw;
  }
}

}  // namespace polyak::command
