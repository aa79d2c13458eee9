// What averaging needs no system call for.
#pragma once

#include "confinement/call_filter.h"

namespace polyak {

// Refuses, of all calls that there are: to start a program or a process (a thread is none), any
// socket that isn't open already, new memory that can be executed, to look into other processes, to
// signal them or to say how they are scheduled, to change what files belong to whom by their names,
// requests to devices but those of a terminal's size and kind, the clock, mounts, and what only an
// administrator may. It lists what is refused, not what is allowed: what a C library, its
// successor or the machine's own needs to read and write memory, files that it has opened and the
// time is theirs to choose, and which files can be opened is Landlock's to say.
// For the process that calls this.
CallFilter RefusedCalls();

}  // namespace polyak
