#include "mean_run.h"

namespace polyak::test {

MeanRun RunMean(const MeanRequest& request, DType dtype, const std::vector<Column>& columns,
                std::string_view instruction_set, std::size_t misalignment) {
  const std::size_t input_count = request.weights.size();
  std::vector<std::vector<std::byte>> memory;
  std::vector<const std::byte*> inputs;
  for (std::size_t k = 0; k < input_count; ++k) {
    std::vector<std::uint64_t> elements;
    for (const Column& column : columns) elements.push_back(column[k]);
    const std::size_t offset = misalignment == 0 ? 0 : misalignment + k % 8;
    memory.push_back(Pack(dtype, elements, offset));
    inputs.push_back(memory.back().data() + offset);
  }
  std::vector<std::byte> out(columns.size() * ShapeOf(dtype).bytes + misalignment);
  const LinearMean mean(request.weights, request.normalised, request.allow_nonfinite,
                        instruction_set);
  MeanRun run;
  run.result = mean.Apply(dtype, inputs.data(), columns.size(), out.data() + misalignment);
  run.elements = Unpack(dtype, out.data() + misalignment, columns.size());
  return run;
}

}  // namespace polyak::test
