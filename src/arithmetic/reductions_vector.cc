// The table of the vector kernels of reductions: compiled once per instruction set, as
// kernels_vector.cc is, for the same ones.

#include "arithmetic/reduction_kernels.h"

#define HWY_DISABLED_TARGETS \
  (HWY_AVX3_DL | HWY_AVX3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "arithmetic/reductions_vector.cc"
// Must come first, and the -inl.h files after it.
#include "hwy/foreach_target.h"
// (keeps the order)
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_RVV
#include "arithmetic/reductions_vector-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// None for Highway's emulated vectors: there the scalar twins do all.
inline const ReductionKernels* Reductions() {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_RVV
  return nullptr;
#else
  static constexpr ReductionKernels kKernels = {
      .name = HWY_TARGET == HWY_AVX2    ? "avx2"
              : HWY_TARGET == HWY_SSE4  ? "sse4"
              : HWY_TARGET == HWY_SSSE3 ? "ssse3"
                                        : "neon",
      .float16 = {StatisticsOf<Narrow8<Float16Lanes> >, DifferencesOf<Float16Lanes>},
      .bfloat16 = {StatisticsOf<Narrow8<BFloat16Lanes> >, DifferencesOf<BFloat16Lanes>},
      .float32 = {StatisticsOf<Narrow8<Float32Lanes> >, DifferencesOf<Float32Lanes>},
      .float64 = {StatisticsOf<Doubles8>, nullptr},
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
  std::int64_t bit;                         // Highway's, of which the processor has a set
  const ReductionKernels* (*reductions)();  // null where this build has none
};

constexpr Target kTargets[] = {
    {.bit = HWY_AVX2, .reductions = HWY_CHOOSE_AVX2(Reductions)},
    {.bit = HWY_SSE4, .reductions = HWY_CHOOSE_SSE4(Reductions)},
    {.bit = HWY_SSSE3, .reductions = HWY_CHOOSE_SSSE3(Reductions)},
    {.bit = HWY_NEON, .reductions = HWY_CHOOSE_NEON(Reductions)},
};

constexpr ReductionKernels kScalarReductions = {.name = "scalar"};

}  // namespace

std::vector<const ReductionKernels*> ReductionKernelSets() {
  std::vector<const ReductionKernels*> sets;
  for (const Target& target : kTargets) {
    if (target.reductions != nullptr && (hwy::SupportedTargets() & target.bit) != 0) {
      sets.push_back(target.reductions());
    }
  }
  sets.push_back(&kScalarReductions);
  return sets;
}

}  // namespace polyak
#endif
