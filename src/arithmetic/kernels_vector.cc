// The table of the vector kernels: this file is compiled once per instruction set by
// hwy/foreach_target.h, and the part under HWY_ONCE once more.

#include "arithmetic/kernel_set.h"

// AVX-512 is left out until there is a machine to test it on: AVX2 runs there too, and either is
// faster than memory. Vectors of a length unknown to the compiler can't be kept in structs.
#define HWY_DISABLED_TARGETS \
  (HWY_AVX3_DL | HWY_AVX3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "arithmetic/kernels_vector.cc"
// Must come first, and the -inl.h files after it.
#include "hwy/foreach_target.h"
// (keeps the order)
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_RVV
#include "arithmetic/kernels_vector-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// None for Highway's emulated vectors: kernels_scalar.cc is what runs without vectors.
inline const KernelSet* Kernels() {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_RVV
  return nullptr;
#else
  static constexpr KernelSet kKernels = {
      .name = HWY_TARGET == HWY_AVX2    ? "avx2"
              : HWY_TARGET == HWY_SSE4  ? "sse4"
              : HWY_TARGET == HWY_SSSE3 ? "ssse3"
                                        : "neon",
      .mean_float16 = MeanOfNarrow<Float16Lanes>,
      .mean_bfloat16 = MeanOfNarrow<BFloat16Lanes>,
      .mean_float32 = MeanOfNarrow<Float32Lanes>,
      .mean_float64 = MeanOfDoubles,
  };
  return &kKernels;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace polyak {
namespace {

struct Target {
  std::int64_t bit;               // Highway's, of which the processor has a set
  const KernelSet* (*kernels)();  // null where this build has none
};

constexpr Target kTargets[] = {
    {.bit = HWY_AVX2, .kernels = HWY_CHOOSE_AVX2(Kernels)},
    {.bit = HWY_SSE4, .kernels = HWY_CHOOSE_SSE4(Kernels)},
    {.bit = HWY_SSSE3, .kernels = HWY_CHOOSE_SSSE3(Kernels)},
    {.bit = HWY_NEON, .kernels = HWY_CHOOSE_NEON(Kernels)},
};

}  // namespace

std::vector<const KernelSet*> VectorKernels() {
  std::vector<const KernelSet*> sets;
  for (const Target& target : kTargets) {
    if (target.kernels != nullptr && (hwy::SupportedTargets() & target.bit) != 0) {
      sets.push_back(target.kernels());
    }
  }
  return sets;
}

}  // namespace polyak
#endif
