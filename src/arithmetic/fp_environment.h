// The floating-point mode that the arithmetic needs: rounding to nearest, subnormal numbers
// neither flushed to zero nor read as zero. A library that someone else loaded (-ffast-math
// start-up code, a GPU runtime) may have changed it in any thread.
//
// FpEnvironment sets the mode for the calling thread and restores what was there when it dies.
// It belongs to the thread that made it. Never throws; nothing must hold before.
#pragma once

#include <cfenv>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace polyak {

class FpEnvironment {
 public:
  FpEnvironment(const FpEnvironment&) = delete;
  FpEnvironment& operator=(const FpEnvironment&) = delete;

#if defined(__SSE2__)
  FpEnvironment() noexcept : saved_(_mm_getcsr()) { _mm_setcsr(kDefaultMode); }
  ~FpEnvironment() { _mm_setcsr(saved_); }

 private:
  // All exceptions masked, round to nearest, no flush-to-zero, no denormals-are-zero.
  static constexpr unsigned kDefaultMode = 0x1F80;
  unsigned saved_;
#else
  FpEnvironment() noexcept {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FpEnvironment() { std::fesetenv(&saved_); }

 private:
  std::fenv_t saved_;
#endif
};

}  // namespace polyak
