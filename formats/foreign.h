// What a file that no format knows may be: checkpoints of other programs that people will try.
#pragma once

#include <string>

#include "io/input_file.h"

namespace polyak {

// A sentence for the person who gave it, from the file's first bytes; empty: no idea.
std::string HintForForeignFile(const InputFile& file);

}  // namespace polyak
