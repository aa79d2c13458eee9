// Which of Highway's targets that have kernels here this processor, and its system, can run.
#pragma once

#include <cstdint>

namespace polyak {

// A set of Highway's HWY_SSSE3, HWY_SSE4, HWY_AVX2, HWY_AVX3, HWY_NEON. What hwy::SupportedTargets
// says of them; but the library that has that function takes 3.7 ms to load, for it measures the
// resolution of its timer (1.0.3): nearly half of what a short run took to start. Any thread; never
// throws.
std::int64_t TargetsOfProcessor() noexcept;

}  // namespace polyak
