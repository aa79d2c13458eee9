// The table of the vector kernels of reductions: compiled once per instruction set, as
// kernels_vector.cc is, for the same ones but AVX-512: the eight lanes of float32 would be half a
// vector there.

#define POLYAK_AT_MOST_256_BITS
#include "arithmetic/reduction_kernels.h"
#include "arithmetic/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "arithmetic/reductions_vector.cc"
// Must come first, and the -inl.h files after it.
#include "hwy/foreach_target.h"
// (keeps the order)
#include "hwy/highway.h"
#if POLYAK_HAS_VECTORS
#include "arithmetic/reductions_vector-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// None for Highway's emulated vectors: there the scalar twins do all.
inline const ReductionKernels* Reductions() {
#if !POLYAK_HAS_VECTORS
  return nullptr;
#else
  static constexpr ReductionKernels kKernels = {
      .name = POLYAK_TARGET_NAME,
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

std::vector<const ReductionKernels*> ReductionKernelSets() {
  static constexpr ReductionKernels kScalarReductions = {.name = "scalar"};
  std::vector<const ReductionKernels*> sets = POLYAK_SUPPORTED_TABLES(ReductionKernels, Reductions);
  sets.push_back(&kScalarReductions);
  return sets;
}

}  // namespace polyak
#endif
