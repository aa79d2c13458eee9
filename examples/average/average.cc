// average OUT CKPT CKPT...: averages checkpoints, and prints how much each one counts.
#include <polyak/polyak.h>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  polyak::Job job;
  job.output = argv[1];
  job.inputs.assign(argv + 2, argv + argc);
  job.hdf5_helper = POLYAK_HDF5_HELPER;
  try {
    const polyak::Report report = polyak::Average(job);
    for (const auto& input : report.inputs) {
      std::cout << input.effective_weight << ' ' << input.path.string() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << "average: " << error.what() << '\n';
    return 1;
  }
}
