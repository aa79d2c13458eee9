// Weights that need no computing: equal ones, and those that were given.
#pragma once

#include <cstddef>

#include "methods/method.h"

namespace polyak {

// w_k = 1. Polyak & Juditsky 1992; stochastic weight averaging, Izmailov et al. 2018.
Linear UniformWeights(const MethodOptions& options, std::size_t inputs);

// As given, normalised by their sum unless told not to. Zero is a weight, not a missing one.
// Linear merging; model soups, Wortsman et al. 2022. Throws Error (kUsage) where there are
// none or not as many as inputs, one isn't finite or is negative without extrapolate, or the sum is
// 0.
Linear ExplicitWeights(const MethodOptions& options, std::size_t inputs);

// w = (p, fl(1-p)): p·x_1 + (1-p)·x_2. WiSE-FT, Wortsman et al. 2022. Throws Error (kUsage) where
// there aren't two inputs, or p isn't in [0, 1] without extrapolate.
Linear InterpolateWeights(const MethodOptions& options, std::size_t inputs);

}  // namespace polyak
