// The table of the vector kernels: this file is compiled once per instruction set by
// hwy/foreach_target.h, and the part under HWY_ONCE once more.

#include "arithmetic/kernel_set.h"
#include "arithmetic/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "arithmetic/kernels_vector.cc"
// Must come first, and the -inl.h files after it.
#include "hwy/foreach_target.h"
// (keeps the order)
#include "hwy/highway.h"
#if POLYAK_HAS_VECTORS
#include "arithmetic/kernels_vector-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// None for Highway's emulated vectors: kernels_scalar.cc is what runs without vectors.
inline const KernelSet* Kernels() {
#if !POLYAK_HAS_VECTORS
  return nullptr;
#else
  static constexpr KernelSet kKernels = {
      .name = POLYAK_TARGET_NAME,
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

std::vector<const KernelSet*> VectorKernels() {
  return POLYAK_SUPPORTED_TABLES(KernelSet, Kernels);
}

}  // namespace polyak
#endif
