// The completion of zsh. A file named _polyak in a folder of $fpath.
#pragma once

#include <string>

#include "command_description.h"

namespace polyak::manual {

std::string ZshCompletion(const command::CommandDescription& program);

}  // namespace polyak::manual
