// What happened, as data. Plain values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/output.h"
#include "plan/plan.h"

namespace polyak {

struct InputReport {
  std::filesystem::path path;
  std::uint64_t file_bytes = 0;
  double weight = 0;            // as the method gives it
  double effective_weight = 0;  // weight / sum of the weights, or the weight if not normalised
  std::string payload_hash;     // engine/payload_hashes.h; empty: not hashed
};

// Tensors that weren't averaged, by reason.
struct KeptReport {
  std::string reason;
  std::vector<std::string> tensors;
};

// An option of the method, under the name that it has on the command line.
struct OptionReport {
  std::string name;
  std::variant<bool, double, std::vector<double>> value;
};

struct Report {
  std::string method;
  std::vector<OptionReport> options;
  std::string format;  // of the template
  std::vector<InputReport> inputs;
  std::size_t template_index = 0;
  std::filesystem::path output;

  std::size_t averaged_tensors = 0;
  std::uint64_t averaged_elements = 0;
  std::vector<KeptReport> kept;
  std::vector<std::string> warnings;

  std::uint64_t read_bytes = 0;   // payload bytes of all inputs
  std::uint64_t write_bytes = 0;  // of the output
  double seconds = 0;
  std::size_t workers = 0;
  std::uint64_t planned_memory_bytes = 0;
  std::uint64_t peak_memory_bytes = 0;  // resident, helper programs included
  Durability durability = Durability::kConfirmed;
};

// The tensors of the plan that are not averaged, grouped by reason in order of appearance.
std::vector<KeptReport> KeptTensors(const Plan& plan, std::span<const TensorInfo> tensors);

}  // namespace polyak
