#include "inputs/input_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "core/error.h"
#include "inputs/name_list.h"
#include "inputs/name_numbers.h"

namespace polyak {
namespace {

// Paths without the folders that all of them share.
class RelativeNames {
 public:
  explicit RelativeNames(const std::vector<std::string>& files) : shared_(SharedFolders(files)) {}

  std::size_t shared() const noexcept { return shared_; }
  std::string_view NameOf(std::string_view file) const { return file.substr(shared_); }
  std::string_view NumbersOf(std::string_view file) const { return NumberedPart(file, shared_); }
  bool HasNumber(std::string_view file) const { return polyak::HasNumber(NumbersOf(file)); }
  bool IsBefore(std::string_view a, std::string_view b) const {
    return std::is_lt(CompareNumbers(NumbersOf(a), NumbersOf(b)));
  }

 private:
  std::size_t shared_;
};

[[noreturn]] void RefuseUnnumbered(const std::vector<std::string>& files,
                                   const RelativeNames& names) {
  std::vector<std::string> unnumbered;
  std::ranges::copy_if(files, std::back_inserter(unnumbered),
                       [&](const std::string& file) { return !names.HasNumber(file); });
  throw Error(ErrorKind::kUsage,
              fmt::format("no number says where {} of its {} files belong{} in the order ({})",
                          unnumbered.size(), files.size(), unnumbered.size() == 1 ? "s" : "",
                          NameList(unnumbered, kNamesInError, names.shared())),
              "a glob that matches only the others, or the files one by one, say what is meant");
}

void RefuseEqualNumbers(const std::vector<std::string>& files, const RelativeNames& names) {
  const auto equal = std::ranges::adjacent_find(
      files, [&](const auto& a, const auto& b) { return !names.IsBefore(a, b); });
  if (equal == files.end()) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} and {} claim the same step, {} ({} files: {})", names.NameOf(*equal),
                          names.NameOf(*std::next(equal)), NumbersText(names.NumbersOf(*equal)),
                          files.size(), NameList(files, kNamesInError, names.shared())),
              "a glob that matches only one of them, or the files one by one, say what is meant");
}

}  // namespace

bool OrderByNumbers(std::vector<std::string>& files) {
  if (files.size() < 2) return false;
  std::ranges::sort(files);
  const RelativeNames names(files);
  const auto has_number = [&](const std::string& file) { return names.HasNumber(file); };
  if (std::ranges::none_of(files, has_number)) return true;
  if (!std::ranges::all_of(files, has_number)) RefuseUnnumbered(files, names);
  std::ranges::stable_sort(files,
                           [&](const auto& a, const auto& b) { return names.IsBefore(a, b); });
  RefuseEqualNumbers(files, names);
  return false;
}

std::optional<std::string> OutOfOrder(const std::vector<std::string>& files, bool method_depends) {
  const RelativeNames names(files);
  std::vector<std::string> numbered;
  std::ranges::copy_if(files, std::back_inserter(numbered),
                       [&](const std::string& file) { return names.HasNumber(file); });
  const auto falls = std::ranges::adjacent_find(
      numbered, [&](const auto& a, const auto& b) { return names.IsBefore(b, a); });
  if (falls == numbered.end()) return std::nullopt;
  const std::string& next = *std::next(falls);
  return fmt::format("{} comes before {}, though {} (their numbers are {} and {})", *falls, next,
                     method_depends ? "the method depends on their order"
                                    : "--last and --every take the last as the newest",
                     NumbersText(names.NumbersOf(*falls)), NumbersText(names.NumbersOf(next)));
}

}  // namespace polyak
