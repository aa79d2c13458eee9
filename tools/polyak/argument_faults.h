// Faults of the arguments that CLI11 doesn't see or words so that nobody is helped.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace polyak::command {

// "--weights=", of which CLI11 2.1.2 takes the next argument for the value, and "" anywhere, which
// is a variable that is not set. Throws Error (kUsage).
void RefuseEmptyValues(const CLI::App& app, std::span<const char* const> arguments);

// "-o --dry-run": an option where the value of another should be. "./--dry-run" is a file of that
// name. Throws Error (kUsage). To be called after a parse.
void RefuseOptionsAsValues(const CLI::App& app);

// What is wrong with the first argument that a failed parse could make nothing of, with what was
// probably meant as the hint; nothing where the fault lies elsewhere.
std::optional<Error> UnknownArgument(const CLI::App& app);

// The text of a fault that CLI11 found: in one line, and in words where its own are a riddle.
std::string TextOf(const CLI::ParseError& error);

}  // namespace polyak::command
