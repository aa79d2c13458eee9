// How fast statistics and differences are on data that lies in the cache, in bytes of input per
// second: by dtype and instruction set.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "arithmetic/element_differences.h"
#include "arithmetic/element_statistics.h"
#include "arithmetic/reduction_kernels.h"

namespace {

using polyak::DType;
using polyak::kRunElements;
using polyak::ReductionKernels;

// Ordinary numbers: bytes at random, with an exponent in the middle.
std::vector<std::byte> RandomRun(DType dtype, std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::size_t width = polyak::ElementBytes(dtype);
  std::vector<std::byte> bytes(kRunElements * width);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t i = width - 1; i < bytes.size(); i += width) {
    bytes[i] = (bytes[i] & std::byte{0x81}) | std::byte{0x3c};
  }
  return bytes;
}

void Statistics(benchmark::State& state, const ReductionKernels* kernels, DType dtype) {
  const auto run = RandomRun(dtype, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(polyak::StatisticsOfRun(*kernels, dtype, run.data(), kRunElements));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(run.size()));
}

void Differences(benchmark::State& state, const ReductionKernels* kernels, DType dtype) {
  const auto a = RandomRun(dtype, 1);
  const auto b = RandomRun(dtype, 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        polyak::DifferencesOfRun(*kernels, dtype, a.data(), dtype, b.data(), kRunElements));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(2 * a.size()));
}

}  // namespace

int main(int argc, char** argv) {
  for (const ReductionKernels* kernels : polyak::ReductionKernelSets()) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64,
                              DType::kInt8, DType::kInt64}) {
      const std::string name =
          std::string(polyak::NameOf(dtype)) + "/" + std::string(kernels->name);
      benchmark::RegisterBenchmark(("statistics/" + name).c_str(), Statistics, kernels, dtype);
      benchmark::RegisterBenchmark(("differences/" + name).c_str(), Differences, kernels, dtype);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
