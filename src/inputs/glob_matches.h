// A glob, as POSIX defines it: * is any text, ? any character, [abc] and [a-z] one of these
// characters, [!abc] one that is none of them; a backslash takes a character's meaning away. None
// of them stands for a slash, or for a point at the front of a name (hidden files). It isn't
// recursive: ** is *.
//
// Not glob(3), which takes a file that it may not look at for one that isn't there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace polyak {

bool IsGlob(std::string_view argument);

struct GlobMatches {
  std::vector<std::string> files;    // all that isn't a folder, bytewise
  std::vector<std::string> folders;  // that match, too
  // What a set such as [!init] at the front of a name keeps out though the rest matches: few know
  // that it stands for one character, not for a word.
  std::vector<std::string> kept_out_by_set;
};

// Throws Error (kSystem, kUnsupported) for a folder that can't be read, with its name in front.
GlobMatches MatchesOf(std::string_view pattern);

// The last folder that the pattern names outright: "run/*.onnx" looks into "run".
std::string FolderOfGlob(std::string_view pattern);

}  // namespace polyak
