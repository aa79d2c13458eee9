// Which files a run averages, and in which order: what was typed, as a list of paths.
//
// An argument that names an existing file or folder is that, whatever characters it holds
// ("ckpt[1].onnx", "@odd"). Otherwise
//   @LIST       is a text file with one path per line (inputs/path_list.h),
//   with * ? [  it is a glob (inputs/glob_matches.h): the files that match, of any content; folders
//               that match are left out with a warning,
//   and else    it is a file that isn't there: an error, before anything else is said.
// A folder stands for its checkpoints: files (through links, too), not hidden, not in folders
// inside it, that is_checkpoint recognises. A warning names what else is there.
//
// Order. The files of one folder or glob come in the order of the numbers in their names, never of
// their times (inputs/name_numbers.h says what the numbers are). Two files with the same numbers,
// and files without a number beside others with one, are errors. Where none has a number they come
// by name, bytewise, with a warning where order counts. Files given one by one, as arguments or in
// a list, keep their order; the files of all arguments are joined in the order of the arguments. A
// warning says where the numbers of the joined list go down though order counts.
//
// Order counts where the method depends on it, and where --last or --every was given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace polyak {

struct InputRequest {
  std::vector<std::string> arguments;  // each: a file, a folder, a glob, or @LIST
  std::optional<std::uint64_t> last;   // only the newest `last` of what `every` leaves
  std::uint64_t every = 1;             // only every K-th, counted back from the newest, which stays
  bool order_matters = false;          // the method depends on the order
  // Looks at a file of a folder, whatever it is. May throw Error, without the path in front: that
  // ends the choice (polyak.h's throws for a file that a crashed job left half-written, which must
  // not change the weights silently). Where it is empty, every regular file is a checkpoint.
  std::function<bool(const std::filesystem::path&)> is_checkpoint;
  // Whether a file of a folder is a part of a checkpoint beside it: left out without a word. Where
  // it is empty, none is.
  std::function<bool(const std::filesystem::path&)> is_part;
};

struct ChosenInputs {
  std::vector<std::filesystem::path> paths;               // oldest first
  std::vector<std::string> warnings;                      // names in them as they are: escape them
  std::vector<std::filesystem::path> left_out_by_window;  // by `last` and `every`, oldest first
  std::vector<std::filesystem::path> lists;               // that named them: the files of @LIST
};

// Reads folders and lists; opens no checkpoint but by is_checkpoint. Throws Error:
//   kUsage        `last` or `every` is 0 or more than there is; files that can't be ordered; a list
//                 that is none
//   kSystem       a file isn't there, a folder or list can't be read, a glob has no match
//   kUnsupported  a folder without a checkpoint; more than kMostEntries files
ChosenInputs ChooseInputs(const InputRequest& request);

}  // namespace polyak
