// Sums of squares of float64 that would leave its range are kept of the elements times a power of
// two. Pure functions, any thread; no errors.
#pragma once

#include <algorithm>
#include <cmath>

#include "arithmetic/reduction_kernels.h"

namespace polyak {

// The scale that a run with elements up to this magnitude needs: 0 where 2^63 squares of them fit
// and the square of the largest is far from the subnormal numbers.
inline int ScaleFor(double magnitude) noexcept {
  if (magnitude == 0 || (magnitude >= 0x1p-450 && magnitude <= 0x1p450)) return 0;
  return std::clamp(std::ilogb(magnitude), -1000, 1000);  // so that 2^-scale is a float64
}

inline double FactorOf(int scale) noexcept { return std::ldexp(1.0, -scale); }

// Lanes are added pairwise.
inline double SumOfLanes(const LaneSums& lanes) noexcept {
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
         ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// Brings two sets of sums to one scale: the larger one, for what the other then loses is nothing
// to it. Sums that are all zero have any scale.
template <class Sums>
void AlignScales(Sums& a, Sums& b) noexcept {
  if (a.scale == b.scale) return;
  const int scale = a.IsZero() ? b.scale : b.IsZero() ? a.scale : std::max(a.scale, b.scale);
  a.ScaleTo(scale);
  b.ScaleTo(scale);
}

}  // namespace polyak
