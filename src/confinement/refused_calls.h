// What averaging needs no system call for.
#pragma once

#include "confinement/call_filter.h"

namespace polyak {

// Refuses, of all calls that there are: to start a program or a process (a thread is none), any
// socket that isn't open already, new memory that can be executed, to look into other processes or
// to signal them, to change what files belong to whom by their names, the clock, mounts, and what
// only an administrator may. It lists what is refused, not what is allowed: what a C library, its
// successor or the machine's own needs to read and write memory, files that it has opened and the
// time is theirs to choose, and which files can be opened is Landlock's to say.
// For the process that calls this.
CallFilter RefusedCalls();

}  // namespace polyak
