#include "inputs/path_list.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/error.h"
#include "inputs/folder_entries.h"
#include "io/input_file.h"

namespace polyak {
namespace {

std::string TextOf(const std::filesystem::path& list) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
  const auto file = InputFile::Open(list);
  if (file->size() > kMostBytes) {
    throw Error(ErrorKind::kUsage, "is too large for a list of paths (found " +
                                       std::to_string(file->size()) + " bytes, at most " +
                                       std::to_string(kMostBytes) + ")");
  }
  std::string text(file->size(), '\0');
  file->ReadAt(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void RefuseNul(std::string_view line, std::size_t number) {
  if (line.find('\0') == std::string_view::npos) return;
  throw Error(ErrorKind::kUsage,
              "line " + std::to_string(number) + ": holds a NUL byte: not a list of paths");
}

}  // namespace

std::vector<ListedPath> ReadPathList(const std::filesystem::path& list) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string text = TextOf(list);
  std::string_view rest = text;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::vector<ListedPath> paths;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    RefuseNul(line, number);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (paths.size() == kMostEntries) {
      throw Error(ErrorKind::kUnsupported,
                  "lists more than " + std::to_string(kMostEntries) + " paths");
    }
    paths.push_back({std::string(line), number});
  }
  if (paths.empty()) throw Error(ErrorKind::kUsage, "lists no path");
  return paths;
}

}  // namespace polyak
