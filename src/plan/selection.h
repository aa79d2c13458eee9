// Which tensors were chosen by name: --include and --exclude.
//
// A pattern is a glob over the whole name, as fnmatch(3) has it: '*' stands for any bytes, '/'
// included, '?' for one, '[…]' for one of several. An exclusion wins over an inclusion.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_13
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace polyak {

struct Selection {
  // If there are any, nothing else is averaged; what can't be is compared all the same.
  std::vector<std::string> include;
  std::vector<std::string> exclude;  // kept from the template
};

enum class Choice : std::uint8_t { kByDefault, kIncluded, kNotIncluded, kExcluded };

struct Selected {
  Choice choice = Choice::kByDefault;
  std::string rule;  // the pattern that decided, "--exclude 'head.*'"; empty: none did
};

// Applies a selection, and notes which of its patterns were of use. Not shared between threads;
// the selection must outlive it.
class Selector {
 public:
  explicit Selector(const Selection& selection);

  Selected Choose(const std::string& name);
  // Throws Error (kUsage) where a pattern matched no name so far.
  void CheckAllUsed() const;

 private:
  const Selection& selection_;
  std::vector<bool> include_used_;
  std::vector<bool> exclude_used_;
};

}  // namespace polyak
