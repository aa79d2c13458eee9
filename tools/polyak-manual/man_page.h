// A manual page, in the macros of man(7). It has no date: the same source gives the same page.
#pragma once

#include <string>
#include <string_view>

#include "command_description.h"

namespace polyak::manual {

// "polyak-average", the page's name without its section.
std::string PageName(const command::CommandDescription& command);

// The page of `program`, or of one of its subcommands. What a subcommand doesn't say about its exit
// status, the program says for it.
std::string ManPage(const command::CommandDescription& command,
                    const command::CommandDescription& program, std::string_view version);

}  // namespace polyak::manual
