// average OUT CKPT CKPT...: averages checkpoints, and prints how much each one counts.
#include <polyak/polyak.h>

#include <iostream>

int main(int argc, char** argv) try {
  polyak::Job job;
  job.hdf5_helper = POLYAK_HDF5_HELPER;
  if (argc > 1) job.output = argv[1];
  for (int i = 2; i < argc; ++i) job.inputs.emplace_back(argv[i]);
  const polyak::Report report = polyak::Average(job);
  for (const polyak::InputReport& input : report.inputs) {
    std::cout << input.effective_weight << ' ' << input.path.string() << '\n';
  }
} catch (const std::exception& error) {
  std::cerr << "average: " << error.what() << '\n';
  return 1;
}
