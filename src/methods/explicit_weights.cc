#include "methods/explicit_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arithmetic/linear_mean.h"
#include "core/error.h"

namespace polyak {

Linear UniformWeights(const MethodOptions& /*options*/, std::size_t inputs) {
  return {.weights = std::vector<double>(inputs, 1.0), .normalised = true, .warnings = {}};
}

Linear ExplicitWeights(const MethodOptions& options, std::size_t inputs) {
  const std::vector<double>& weights = options.weights;
  if (weights.empty()) throw Error(ErrorKind::kUsage, "method weights needs --weights");
  if (weights.size() != inputs) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the number of weights isn't that of the checkpoints (found {}, "
                            "expected {})",
                            weights.size(), inputs));
  }
  for (const double weight : weights) {
    if (!std::isfinite(weight)) throw Error(ErrorKind::kUsage, "a weight is not finite");
    if (weight < 0 && !options.extrapolate) {
      throw Error(ErrorKind::kUsage, fmt::format("weight {} is negative", weight),
                  "--extrapolate allows negative weights");
    }
  }
  const bool all_zero = std::ranges::all_of(weights, [](double weight) { return weight == 0; });
  if (all_zero || (!options.no_normalize && SumsToZero(weights))) {
    throw Error(ErrorKind::kUsage, "the weights sum to 0");
  }
  return {.weights = weights, .normalised = !options.no_normalize, .warnings = {}};
}

Linear InterpolateWeights(const MethodOptions& options, std::size_t inputs) {
  if (inputs != 2) {
    throw Error(ErrorKind::kUsage,
                fmt::format("interpolation needs two checkpoints (found {})", inputs));
  }
  if (!options.proportion) throw Error(ErrorKind::kUsage, "interpolation needs -p");
  const double p = *options.proportion;
  if (!std::isfinite(p)) throw Error(ErrorKind::kUsage, "p is not finite");
  if ((p < 0 || p > 1) && !options.extrapolate) {
    throw Error(ErrorKind::kUsage, fmt::format("p is outside [0, 1] (found {})", p),
                "--extrapolate allows it");
  }
  const Linear linear{.weights = {p, 1.0 - p}, .normalised = true, .warnings = {}};
  if (SumsToZero(linear.weights)) {
    throw Error(ErrorKind::kUsage, fmt::format("p and 1-p sum to 0 in float64 (found p {})", p));
  }
  return linear;
}

}  // namespace polyak
