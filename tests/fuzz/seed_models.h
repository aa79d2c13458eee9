// Small sound models that between them use every field that the walker looks at, for mutations to
// start from.
#pragma once

#include <string>
#include <vector>

namespace polyak::test {

std::vector<std::string> SeedModels();

}  // namespace polyak::test
