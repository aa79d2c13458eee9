// The file of --report: what was done, as JSON.
#pragma once

#include <filesystem>

#include "polyak.h"

namespace polyak::command {

// Before the run: throws Error (kUsage, kSystem) where the report could not be written, or would
// replace an input or the output. An empty path is fine.
void CheckReportFile(const std::filesystem::path& path, const Job& job);

// After it: the file appears whole or not at all. Throws Error with a hint of what is done.
Durability WriteReportFile(const std::filesystem::path& path, const Report& report,
                           bool replace_existing);

}  // namespace polyak::command
