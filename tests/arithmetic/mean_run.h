// Runs LinearMean on columns of elements, wherever in memory they shall lie.
#pragma once

#include <string_view>
#include <vector>

#include "arithmetic/linear_mean.h"
#include "element_bits.h"
#include "rational_mean.h"
#include "sample_inputs.h"

namespace polyak::test {

struct MeanRun {
  MeanResult result;
  std::vector<std::uint64_t> elements;
};

// Each input k is the run columns[0][k], columns[1][k], …, beginning `misalignment` + k bytes past
// an aligned address.
MeanRun RunMean(const MeanRequest& request, DType dtype, const std::vector<Column>& columns,
                std::string_view instruction_set, std::size_t misalignment = 0);

}  // namespace polyak::test
