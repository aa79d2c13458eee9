// The completion of bash. It needs nothing of the bash-completion package.
#pragma once

#include <string>

#include "command_description.h"

namespace polyak::manual {

std::string BashCompletion(const command::CommandDescription& program);

}  // namespace polyak::manual
