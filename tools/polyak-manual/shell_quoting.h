// Words as shells write them, and what all three completions ask of a description.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_description.h"

namespace polyak::manual {

// Text in single quotes, for bash and zsh.
std::string ShellQuoted(std::string_view text);

std::string Joined(const std::vector<std::string>& words, std::string_view separator);

// The options of all groups.
std::vector<command::OptionDescription> AllOptions(const command::CommandDescription& command);

// The first line of a text, or the first clause where that is long: what a shell shows of it.
std::string Brief(const std::string& text);

}  // namespace polyak::manual
