#include "arithmetic/processor_targets.h"

#include "hwy/detect_targets.h"

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace polyak {
namespace {

#if HWY_ARCH_X86
bool ConvertsFloat16() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

// What each target is compiled for (HWY_TARGET_STR in hwy/ops/set_macros-inl.h). The compiler's
// function asks the system, too, whether it saves the registers.
std::int64_t AskProcessor() noexcept {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("ssse3")) return 0;
  std::int64_t targets = HWY_SSSE3;
  if (!__builtin_cpu_supports("sse4.1") || !__builtin_cpu_supports("sse4.2") ||
      !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("aes")) {
    return targets;
  }
  targets |= HWY_SSE4;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma") || !ConvertsFloat16()) {
    return targets;
  }
  targets |= HWY_AVX2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw")) {
    return targets;
  }
  return targets | HWY_AVX3;
}
#else
std::int64_t AskProcessor() noexcept { return HWY_ARCH_ARM_A64 ? HWY_NEON : 0; }
#endif

}  // namespace

std::int64_t TargetsOfProcessor() noexcept {
  static const std::int64_t targets = AskProcessor();
  return targets;
}

}  // namespace polyak
