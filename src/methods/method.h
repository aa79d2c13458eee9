// The averaging methods: each is a rule that gives weights, one function and one row of a table.
// A method knows no format and no file. To add one: src/methods/README.md.
// Each function's comment has its definition and source.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace polyak {

// What a method was asked for; a method takes only the options that its row names.
struct MethodOptions {
  std::optional<double> decay;       // ema: β
  std::optional<double> half_life;   // ema: β = 2^(-1/h), h in checkpoints
  std::optional<double> proportion;  // interpolate: p, the share of the first input
  std::vector<double> weights;       // weights: one per input
  bool no_normalize = false;         // weights: use them as they are
  bool extrapolate = false;          // allow p outside [0,1] and negative weights
};

// An option as it was given, under the name that it has on the command line.
struct GivenOption {
  std::string_view name;
  std::variant<bool, double, std::vector<double>> value;
};

std::vector<GivenOption> GivenOptions(const MethodOptions& options);

// A linear average: y = sum(weights[k] * x[k]) / W, where W is the exact sum of the weights if
// normalised, else 1. Weights are finite; their sum is not zero if normalised.
struct Linear {
  std::vector<double> weights;
  bool normalised = true;
  std::vector<std::string> warnings;  // weights that aren't what one would think
};

struct Method {
  std::string_view name;
  std::string_view summary;
  std::string_view options;  // names of the options that it takes, with spaces between
  // True where the average depends on the order of the inputs.
  bool uses_order;
  // True where it takes exactly two inputs, of which the first is weighed, not the older one: a
  // subcommand of its own.
  bool is_pair = false;
  // The weights for `inputs` inputs, oldest first. Throws Error (kUsage).
  Linear (*make)(const MethodOptions& options, std::size_t inputs);
};

std::span<const Method> Methods() noexcept;

// Throws Error (kUsage) for a name that isn't in the table.
const Method& FindMethod(std::string_view name);

// The method's weights; throws Error (kUsage) also for an option that it doesn't take, and for
// fewer than two inputs.
Linear MakeWeights(const Method& method, const MethodOptions& options, std::size_t inputs);

}  // namespace polyak
