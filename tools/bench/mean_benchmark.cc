// How fast the exact weighted mean is on data that lies in the cache, in bytes of input per second:
// by dtype, number of inputs, and kind of weights. Run it with --benchmark_filter=float32.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "arithmetic/linear_mean.h"
#include "core/dtype.h"

namespace {

using polyak::DType;

constexpr std::size_t kElements = 8192;

// Weights as networks have them, close to one another from input to input. The 16-bit floats are
// cut out of float32 (bfloat16) or made of random bits with a sane exponent (float16).
std::vector<std::byte> RandomInput(DType dtype, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::mt19937 common(1);
  std::normal_distribution<float> weight(0.0F, 0.02F);
  std::vector<std::byte> bytes(kElements * polyak::ElementBytes(dtype));
  std::byte* next = bytes.data();
  const auto put = [&next](auto value) {
    std::memcpy(next, &value, sizeof value);
    next += sizeof value;
  };
  for (std::size_t i = 0; i < kElements; ++i) {
    const float value = weight(common) + 0.1F * weight(random);
    const auto upper_half = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
    switch (dtype) {
      case DType::kFloat32: put(value); break;
      case DType::kFloat64: put(static_cast<double>(value) * 1.0000001); break;
      case DType::kBFloat16: put(upper_half); break;
      default: put(static_cast<std::uint16_t>(0x2000 + random() % 0x400)); break;
    }
  }
  return bytes;
}

void Mean(benchmark::State& state, DType dtype, bool equal_weights) {
  const auto inputs = static_cast<std::size_t>(state.range(0));
  std::vector<std::vector<std::byte>> data;
  std::vector<const std::byte*> pointers;
  std::vector<double> weights;
  for (std::size_t k = 0; k < inputs; ++k) {
    data.push_back(RandomInput(dtype, static_cast<std::uint32_t>(k + 2)));
    weights.push_back(equal_weights ? 1.0 : 0.1 + 0.3 * static_cast<double>(k));
  }
  for (const auto& input : data) pointers.push_back(input.data());
  std::vector<std::byte> out(data[0].size());
  const polyak::LinearMean mean(weights, true, false);
  for (auto _ : state) {
    benchmark::DoNotOptimize(mean.Apply(dtype, pointers.data(), kElements, out.data()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(inputs * out.size()));
}

void RegisterAll() {
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64}) {
    for (const bool equal_weights : {true, false}) {
      const std::string name =
          std::string(polyak::NameOf(dtype)) + (equal_weights ? "/equal" : "/arbitrary");
      benchmark::RegisterBenchmark(name.c_str(), Mean, dtype, equal_weights)
          ->Arg(2)
          ->Arg(5)
          ->Arg(10)
          ->Arg(50);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
