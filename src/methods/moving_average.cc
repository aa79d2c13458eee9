#include "methods/moving_average.h"

#include <fmt/format.h>

#include "core/error.h"
#include "methods/rounded_weights.h"

namespace polyak {

Linear EmaWeights(const MethodOptions& options, std::size_t inputs) {
  if (!options.decay) throw Error(ErrorKind::kUsage, "method ema needs --decay");
  const double decay = *options.decay;
  if (!(decay >= 0 && decay < 1)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the decay must be at least 0 and less than 1 (found {})", decay));
  }
  return RoundedWeights(inputs, [decay, inputs](std::size_t k, Real& weight) {
    Real base(weight.precision());
    base.Set(decay);
    weight.Power(base, inputs - 1 - k);
    if (k == 0) return;
    Real rest(weight.precision());
    rest.OneMinus(base);
    weight.MultiplyBy(rest);
  });
}

}  // namespace polyak
