// What --help prints, in at most 80 columns.
#pragma once

#include <string>

#include "command_description.h"

namespace polyak::command {

std::string HelpText(const CommandDescription& command);

}  // namespace polyak::command
