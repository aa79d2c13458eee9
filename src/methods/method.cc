#include "methods/method.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "methods/explicit_weights.h"
#include "methods/moving_average.h"

namespace polyak {
namespace {

constexpr std::array kMethods = {
    Method{.name = "uniform",
           .summary = "arithmetic mean of all inputs (Polyak-Ruppert, SWA)",
           .options = "",
           .uses_order = false,
           .make = UniformWeights},
    Method{.name = "ema",
           .summary = "exponential moving average, oldest first",
           .options = "decay half-life",
           .uses_order = true,
           .make = EmaWeights},
    Method{.name = "weights",
           .summary = "weights given one by one",
           .options = "weights no-normalize extrapolate",
           .uses_order = true,
           .make = ExplicitWeights},
    Method{.name = "interpolate",
           .summary = "p times the first input plus 1-p times the second",
           .options = "p extrapolate",
           .uses_order = true,
           .is_pair = true,
           .make = InterpolateWeights},
};

bool Takes(const Method& method, std::string_view option) {
  for (std::string_view rest = method.options; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == option) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

void CheckOptions(const Method& method, const MethodOptions& options) {
  for (const GivenOption& option : GivenOptions(options)) {
    if (Takes(method, option.name)) continue;
    throw Error(ErrorKind::kUsage, "method " + std::string(method.name) + " takes no " +
                                       (option.name.size() == 1 ? "-" : "--") +
                                       std::string(option.name));
  }
}

}  // namespace

std::vector<GivenOption> GivenOptions(const MethodOptions& options) {
  std::vector<GivenOption> given;
  if (options.decay) given.push_back({"decay", *options.decay});
  if (options.half_life) given.push_back({"half-life", *options.half_life});
  if (options.proportion) given.push_back({"p", *options.proportion});
  if (!options.weights.empty()) given.push_back({"weights", options.weights});
  if (options.no_normalize) given.push_back({"no-normalize", true});
  if (options.extrapolate) given.push_back({"extrapolate", true});
  return given;
}

std::span<const Method> Methods() noexcept { return kMethods; }

const Method& FindMethod(std::string_view name) {
  std::string known;
  for (const Method& method : kMethods) {
    if (method.name == name) return method;
    known += (known.empty() ? "" : ", ") + std::string(method.name);
  }
  throw Error(ErrorKind::kUsage, "there is no method " + std::string(name),
              "the methods are " + known);
}

Linear MakeWeights(const Method& method, const MethodOptions& options, std::size_t inputs) {
  CheckOptions(method, options);
  if (inputs < 2 && !method.is_pair) {  // that one says itself what it needs
    throw Error(ErrorKind::kUsage,
                "an average needs at least two checkpoints (found " + std::to_string(inputs) + ")");
  }
  return method.make(options, inputs);
}

}  // namespace polyak
