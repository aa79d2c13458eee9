// The completion of fish.
#pragma once

#include <string>

#include "command_description.h"

namespace polyak::manual {

std::string FishCompletion(const command::CommandDescription& program);

}  // namespace polyak::manual
