// A list of inputs: a text file with one path per line, literally (no globs, no quotes, spaces
// count), relative to the current folder. Lines end in LF or CR LF; empty lines and lines that
// begin with # are skipped ("./#1.onnx" names a file #1.onnx), and so is a byte order mark.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace polyak {

struct ListedPath {
  std::string path;
  std::size_t line;  // from 1
};

// Throws Error, without the list's name in front: kSystem where it can't be read; kUsage where it
// is over 16 MiB, has a NUL byte or no path; kUnsupported where it isn't a regular file or has more
// than kMostEntries paths.
std::vector<ListedPath> ReadPathList(const std::filesystem::path& list);

}  // namespace polyak
