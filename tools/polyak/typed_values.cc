#include "typed_values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "core/error.h"

namespace polyak::command {
namespace {

// The whole of `text` as a whole number.
std::optional<std::uint64_t> WholeNumber(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace

double NumberOf(std::string_view option, std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) {
    throw Error(ErrorKind::kUsage, std::string(option) + ": '" + std::string(text) +
                                       "' is outside the range of float64");
  }
  if (error != std::errc() || parsed != end) {
    throw Error(ErrorKind::kUsage,
                std::string(option) + ": '" + std::string(text) + "' is not a number");
  }
  return number;
}

std::uint64_t MemoryOf(const std::string& text) {
  constexpr std::string_view kUnits = "KMGTPE";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string unit = text.substr(digits);
  unit.erase(0, unit.find_first_not_of(' '));
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  int shift = 0;
  if (const std::size_t power = unit.empty() ? kUnits.npos : kUnits.find(unit[0]);
      power != kUnits.npos) {
    shift = 10 * static_cast<int>(power + 1);
    unit.erase(0, 1);
  }
  const bool is_unit = unit.empty() || unit == "B" || (shift > 0 && unit == "IB");
  const auto number = WholeNumber(std::string_view(text).substr(0, digits));
  if (!is_unit || !number || *number > std::numeric_limits<std::uint64_t>::max() >> shift) {
    throw Error(ErrorKind::kUsage, "--memory must be a size such as 512M (found '" + text + "')");
  }
  return *number << shift;
}

std::size_t ThreadsOf(const std::string& text) {
  constexpr std::uint64_t kMostThreads = 1024;
  const auto threads = WholeNumber(text);
  if (!threads || *threads < 1 || *threads > kMostThreads) {
    throw Error(ErrorKind::kUsage,
                "--threads must be a number from 1 to 1024 (found '" + text + "')");
  }
  return *threads;
}

std::uint64_t CountOf(std::string_view option, const std::string& text) {
  const auto number = WholeNumber(text);
  if (number && *number > 0) return *number;
  throw Error(ErrorKind::kUsage, std::string(option) +
                                     " must be a whole number of checkpoints, at least 1 (found '" +
                                     text + "')");
}

}  // namespace polyak::command
