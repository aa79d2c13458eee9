// The files that one argument stands for.
#pragma once

#include <string>
#include <vector>

#include "inputs/input_choice.h"

namespace polyak {

// Appends them in their order, and warnings about what is left out of them. Throws what
// ChooseInputs does, with the argument in front.
void AppendFilesOf(const std::string& argument, const InputRequest& request,
                   std::vector<std::string>& files, ChosenInputs& chosen);

}  // namespace polyak
