// What a process gives up before it reads what strangers have written.
//
// Landlock keeps it to folders, seccomp to system calls that reading and computing take. Both bind
// the calling thread and what it starts, for good; a process with other threads isn't confined by
// this. The library never does it to its host: the command does, when it knows its files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/helper_program.h"

namespace polyak {

struct ConfinementRules {
  // With all that is in them; those that aren't there don't matter.
  std::vector<std::filesystem::path> read_folders;
  std::vector<std::filesystem::path> write_folders;  // and read
};

// Confines the process, before its second thread. Returns what the kernel, or how this program was
// built, doesn't let it do ("Landlock", say); empty where all is done, and for Sandbox::kOff, which
// does nothing. Throws Error (kSystem) where the kernel refuses, or for kRequire where anything is
// absent.
std::string Confine(const ConfinementRules& rules, Sandbox sandbox);

}  // namespace polyak
