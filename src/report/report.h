// What happened, or would happen, as data. Plain values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/output.h"
#include "core/tensor.h"
#include "plan/plan.h"

namespace polyak {

struct InputReport {
  std::filesystem::path path;
  std::uint64_t file_bytes = 0;
  double weight = 0;            // as the method gives it
  double effective_weight = 0;  // weight / sum of the weights, or the weight if not normalised
  std::string payload_hash;     // engine/payload_hashes.h; empty: not hashed
};

enum class Fate : std::uint8_t {
  kAverage,
  kShare,  // another tensor's data under a second name: averaged there
  kKeep,   // the template's
};

// What one tensor of the output is.
struct TensorReport {
  std::string name;
  DType dtype = DType::kUnknown;
  std::vector<std::uint64_t> shape;
  Role role = Role::kOther;
  std::uint64_t bytes = 0;  // as stored in the template
  Fate fate = Fate::kKeep;
  std::uint32_t rule = 0;  // in Report::rules: which rule said so
};

// An option under the name that it has on the command line.
struct OptionReport {
  std::string name;
  std::variant<bool, std::uint64_t, double, std::vector<double>, std::string,
               std::vector<std::string>>
      value;
};

// Seconds that the phases took, one after the other.
struct Timings {
  double open = 0;     // reading the indexes
  double plan = 0;     // matching, deciding
  double compare = 0;  // tensors that are kept, over all inputs
  double average = 0;  // the pass over the data
  double commit = 0;   // fsync, rename
  double total = 0;
};

struct Report {
  std::string version;  // of polyak
  bool is_dry_run = false;
  std::string method;
  std::vector<OptionReport> options;  // those that decide what the output is
  std::string format;                 // of the template
  std::vector<InputReport> inputs;
  std::vector<std::filesystem::path> left_out;  // by the window, --last and --every
  std::size_t template_index = 0;
  std::filesystem::path output;
  std::vector<std::filesystem::path> data_files;  // further ones, which the output names

  std::vector<TensorReport> tensors;  // of the template, in its order
  std::vector<std::string> rules;
  std::size_t averaged_tensors = 0;
  std::uint64_t averaged_elements = 0;
  std::vector<std::string> warnings;

  std::uint64_t read_bytes = 0;   // payload bytes of all inputs
  std::uint64_t write_bytes = 0;  // of the output
  std::uint64_t free_bytes = 0;   // where the output goes, before the run; 0: unknown
  Timings seconds;
  std::size_t workers = 0;
  std::uint64_t memory_budget_bytes = 0;
  std::uint64_t planned_memory_bytes = 0;
  std::uint64_t peak_memory_bytes = 0;  // resident, helper programs included
  Durability durability = Durability::kConfirmed;
};

// "average", "share", "keep"
std::string_view NameOf(Fate fate) noexcept;

// Puts what the plan says of each tensor into the report.
void DescribeTensors(const Plan& plan, std::span<const TensorInfo> tensors, Report& report);

// What DescribeTensors will take.
std::uint64_t DescriptionBytes(std::span<const TensorInfo> tensors) noexcept;

}  // namespace polyak
