#include "run_confinement.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "confinement/confinement.h"
#include "formats/registry.h"
#include "io/spill_file.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

// Those of the files, by the paths as they are and by what these lead to.
class Folders {
 public:
  void AddThatOf(const fs::path& file) {
    folders_.insert(file.has_parent_path() ? file.parent_path() : fs::path("."));
    std::error_code error;
    if (!fs::is_symlink(file, error)) return;
    const fs::path target = fs::canonical(file, error);
    if (!error) folders_.insert(target.parent_path());
  }
  void Add(fs::path folder) { folders_.insert(std::move(folder)); }

  std::vector<fs::path> Take() const { return {folders_.begin(), folders_.end()}; }

 private:
  std::set<fs::path> folders_;
};

}  // namespace

std::string ConfineToRun(const RunFiles& files, HelperProgram& helper) {
  if (helper.sandbox == Sandbox::kOff) return {};
  helper = PrepareHelper(files.inputs, helper, files.stop);
  Folders read;
  Folders write;
  for (const fs::path& input : files.inputs) read.AddThatOf(input);
  for (const fs::path& output : files.outputs) write.AddThatOf(output);
  // What can't be read in place goes there, where there is no output's folder for it; only files
  // that take the helper can be such.
  if (files.outputs.empty() && helper.starter != nullptr) {
    write.Add(SpillFile::TemporaryFolder({}));
  }
  return Confine({.read_folders = read.Take(), .write_folders = write.Take()}, helper.sandbox);
}

}  // namespace polyak
