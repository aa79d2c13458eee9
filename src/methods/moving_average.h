// Exponential moving averages as vectors of weights.
#pragma once

#include <cstddef>

#include "methods/method.h"

namespace polyak {

// y_1 = x_1, y_k = β·y_{k-1} + (1-β)·x_k, which is
//   w_1 = β^(n-1),  w_k = (1-β)·β^(n-k) for k >= 2      (0^0 = 1)
// with decay β, 0 <= β < 1, x_1 the oldest of n. As torch's AveragedModel and Keras' use_ema,
// which start from the first model. A half-life h > 0, finite, stands for β = 2^(-1/h), which isn't
// rounded on the way: the weight of x_k halves with every h checkpoints that follow. Throws Error
// (kUsage) where not exactly one of the two is given, or one is outside its range.
Linear EmaWeights(const MethodOptions& options, std::size_t inputs);

}  // namespace polyak
