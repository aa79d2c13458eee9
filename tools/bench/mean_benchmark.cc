// How fast the exact weighted mean is on data that lies in the cache, in bytes of input per second:
// by dtype, weights, data, number of inputs and instruction set, as
// float32/equal/neighbours/5/avx2. Without --benchmark_filter it runs the best set of this machine
// and avx2. Beside it stand what the sum alone costs where nothing is proved of its roundings
// (plain/...), and memcpy.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/float_format.h"
#include "arithmetic/linear_mean.h"
#include "core/dtype.h"

namespace {

using polyak::DType;
using Random = std::mt19937_64;

// All inputs of a benchmark together: half of a usual second-level cache.
constexpr std::size_t kCacheBytes = 256 * 1024;
constexpr std::size_t kInputCounts[] = {2, 3, 5, 8, 10, 50};

std::size_t ElementsFor(std::size_t element_bytes, std::size_t input_count) {
  const std::size_t elements = kCacheBytes / (element_bytes * input_count);
  return std::max<std::size_t>(512, elements / 512 * 512);
}

enum class Data { kSmooth, kNeighbours, kRandom, kWide };
enum class Weights { kEqual, kDyadic, kArbitrary };

struct DataRow {
  const char* name;
  Data data;
};
constexpr DataRow kData[] = {
    {"smooth", Data::kSmooth},          // checkpoints of one run: near one another
    {"neighbours", Data::kNeighbours},  // each input one of two neighbouring values: many ties
    {"random", Data::kRandom},          // normally distributed, unrelated
    {"wide", Data::kWide},              // any finite bits: exponents over the dtype's whole range
};

struct WeightsRow {
  const char* name;
  Weights weights;
};
constexpr WeightsRow kWeights[] = {
    {"equal", Weights::kEqual}, {"dyadic", Weights::kDyadic}, {"arbitrary", Weights::kArbitrary}};

std::vector<double> MakeWeights(Weights kind, std::size_t input_count) {
  std::vector<double> weights;
  for (std::size_t k = 0; k < input_count; ++k) {
    switch (kind) {
      case Weights::kEqual: weights.push_back(1.0); break;
      // 0.75, 0.125, 0.0625 and so on, and then all alike: proportional to integers whose total is
      // no power of two.
      case Weights::kDyadic:
        weights.push_back(
            k == 0 ? 0.75 : std::ldexp(1.0, -2 - static_cast<int>(std::min(k, std::size_t{8}))));
        break;
      case Weights::kArbitrary: weights.push_back(std::pow(0.9, static_cast<double>(k))); break;
    }
  }
  return weights;
}

// Element `index` of input `input`. Those of all inputs share `base`.
template <class Format>
typename Format::Bits MakeElement(Data data, double base, Random& random) {
  using F = polyak::FormatBits<Format>;
  using Bits = typename Format::Bits;
  std::normal_distribution<double> normal(0.0, 0.02);
  switch (data) {
    case Data::kSmooth: return polyak::Narrow<Format>(base + 0.1 * normal(random));
    case Data::kNeighbours: return static_cast<Bits>(polyak::Narrow<Format>(base) + (random() & 1));
    case Data::kRandom: return polyak::Narrow<Format>(normal(random));
    default:
      for (;;) {
        const auto bits = static_cast<Bits>(random());
        if (!F::IsNonfinite(bits)) return bits;
      }
  }
}

template <class Format>
std::vector<std::byte> MakeInput(Data data, std::size_t elements, std::uint64_t seed) {
  Random random(seed);
  Random common(1);
  std::normal_distribution<double> normal(0.0, 0.02);
  std::vector<std::byte> bytes(elements * sizeof(typename Format::Bits));
  for (std::size_t index = 0; index < elements; ++index) {
    polyak::StoreBits<Format>(bytes.data(), index,
                              MakeElement<Format>(data, normal(common), random));
  }
  return bytes;
}

std::vector<std::byte> MakeInput(DType dtype, Data data, std::size_t elements, std::uint64_t seed) {
  switch (dtype) {
    case DType::kFloat16: return MakeInput<polyak::Float16Format>(data, elements, seed);
    case DType::kBFloat16: return MakeInput<polyak::BFloat16Format>(data, elements, seed);
    case DType::kFloat32: return MakeInput<polyak::Float32Format>(data, elements, seed);
    default: return MakeInput<polyak::Float64Format>(data, elements, seed);
  }
}

struct Inputs {
  std::vector<std::vector<std::byte>> data;
  std::vector<const std::byte*> pointers;
  std::size_t elements;

  Inputs(DType dtype, Data kind, std::size_t count)
      : elements(ElementsFor(polyak::ElementBytes(dtype), count)) {
    for (std::size_t k = 0; k < count; ++k) {
      data.push_back(MakeInput(dtype, kind, elements, k + 2));
    }
    for (const auto& input : data) pointers.push_back(input.data());
  }
  std::size_t bytes() const { return data.size() * data[0].size(); }
};

void CountBytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

struct Case {
  DType dtype;
  Weights weights;
  Data data;
  std::size_t input_count;
  std::string_view instruction_set;
};

void Mean(benchmark::State& state, const Case& which) {
  const Inputs inputs(which.dtype, which.data, which.input_count);
  std::vector<std::byte> out(inputs.data[0].size());
  const polyak::LinearMean mean(MakeWeights(which.weights, which.input_count), true, true,
                                which.instruction_set);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        mean.Apply(which.dtype, inputs.pointers.data(), inputs.elements, out.data()));
    benchmark::ClobberMemory();
  }
  CountBytes(state, inputs.bytes());
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define POLYAK_BEST_VECTORS __attribute__((target_clones("arch=haswell", "default")))
#else
#define POLYAK_BEST_VECTORS
#endif

// Float64 multiply-add, in blocks whose sums stay in the first-level cache; vectors as the compiler
// makes them.
template <class Float>
POLYAK_BEST_VECTORS void SumPlainly(const std::byte* const* inputs,
                                    const std::vector<double>& weights, std::size_t elements,
                                    Float* out) {
  constexpr std::size_t kBlock = 512;
  double sums[kBlock];
  for (std::size_t first = 0; first < elements; first += kBlock) {
    std::fill_n(sums, kBlock, 0.0);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const Float* input = reinterpret_cast<const Float*>(inputs[k]) + first;
      const double weight = weights[k];
      for (std::size_t i = 0; i < kBlock; ++i) sums[i] += weight * static_cast<double>(input[i]);
    }
    for (std::size_t i = 0; i < kBlock; ++i) out[first + i] = static_cast<Float>(sums[i]);
  }
}

template <class Float>
void Plain(benchmark::State& state, DType dtype, std::size_t input_count) {
  const Inputs inputs(dtype, Data::kSmooth, input_count);
  std::vector<Float> out(inputs.elements);
  const std::vector<double> weights(input_count, 1.0 / static_cast<double>(input_count));
  for (auto _ : state) {
    SumPlainly(inputs.pointers.data(), weights, inputs.elements, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  CountBytes(state, inputs.bytes());
}

void Memcpy(benchmark::State& state) {
  const std::vector<std::byte> from(kCacheBytes / 2);
  std::vector<std::byte> to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  CountBytes(state, from.size());
}

void Register(const std::string& name, auto run) {
  benchmark::RegisterBenchmark(name.c_str(), run);
}

void RegisterMeans() {
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64}) {
    for (const WeightsRow& weights : kWeights) {
      for (const DataRow& data : kData) {
        for (const std::size_t count : kInputCounts) {
          for (const std::string_view set : polyak::AvailableInstructionSets()) {
            const Case which{dtype, weights.weights, data.data, count, set};
            Register(std::string(polyak::NameOf(dtype)) + '/' + weights.name + '/' + data.name +
                         '/' + std::to_string(count) + '/' + std::string(set),
                     [which](benchmark::State& state) { Mean(state, which); });
          }
        }
      }
    }
  }
}

void RegisterReferences() {
  for (const std::size_t count : kInputCounts) {
    Register("plain/float32/" + std::to_string(count),
             [count](benchmark::State& state) { Plain<float>(state, DType::kFloat32, count); });
    Register("plain/float64/" + std::to_string(count),
             [count](benchmark::State& state) { Plain<double>(state, DType::kFloat64, count); });
  }
  Register("memcpy", Memcpy);
}

}  // namespace

int main(int argc, char** argv) {
  RegisterReferences();
  RegisterMeans();
  // The last of an option that is given twice counts.
  std::string usual_time = "--benchmark_min_time=0.05";
  std::string usual = "--benchmark_filter=^(plain.*|memcpy|.*/avx2|.*/" +
                      std::string(polyak::AvailableInstructionSets().front()) + ")$";
  std::vector<char*> arguments = {argv[0], usual_time.data(), usual.data()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
