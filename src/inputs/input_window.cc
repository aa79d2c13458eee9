#include "inputs/input_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "core/error.h"
#include "inputs/name_list.h"
#include "inputs/name_numbers.h"

namespace polyak {
namespace {

std::string NamesOf(const std::vector<std::string>& files) {
  return files.empty() ? "none" : NameList(files, kNamesInError, SharedFolders(files));
}

[[noreturn]] void RefuseEvery(const std::vector<std::string>& files, std::uint64_t every,
                              std::uint64_t left) {
  throw Error(ErrorKind::kUsage, fmt::format("--every {} leaves {} of {} checkpoints ({})", every,
                                             left, files.size(), NamesOf(files)));
}

[[noreturn]] void RefuseLast(const std::vector<std::string>& files, std::uint64_t last,
                             std::uint64_t every, std::uint64_t left) {
  if (every == 1) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} checkpoints asked for, {} found ({})", last, left, NamesOf(files)));
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("{} checkpoints asked for, {} left of {} by --every {} ({})", last, left,
                          files.size(), every, NamesOf(files)));
}

}  // namespace

void CheckWindow(std::optional<std::uint64_t> last, std::uint64_t every) {
  if (every == 0) throw Error(ErrorKind::kUsage, "--every must be at least 1 (found 0)");
  if (last == 0) throw Error(ErrorKind::kUsage, "--last must be at least 1 (found 0)");
}

std::vector<std::string> ApplyWindow(std::vector<std::string>& files,
                                     std::optional<std::uint64_t> last, std::uint64_t every) {
  const std::uint64_t left = files.size() / every + (files.size() % every == 0 ? 0 : 1);
  if (every > 1 && left < 2) RefuseEvery(files, every, left);
  if (last && *last > left) RefuseLast(files, *last, every, left);
  const std::uint64_t wanted = last.value_or(left);

  std::vector<std::string> kept;
  std::vector<std::string> left_out;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::uint64_t age = files.size() - 1 - i;
    const bool stays = age % every == 0 && age / every < wanted;
    (stays ? kept : left_out).push_back(std::move(files[i]));
  }
  files = std::move(kept);
  return left_out;
}

}  // namespace polyak
