// Landlock: what a process, and all that it starts, may do with files from now on. Of the kernel's
// interface as of its version 7; what an older kernel doesn't know is left out, and what a newer
// one could also forbid stays allowed. https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <cstdint>
#include <filesystem>

namespace polyak {

class FileRules {
 public:
  // The version of the interface that the kernel has; 0: it has none, or it is switched off, or
  // whatever runs us keeps it from us.
  static int KernelVersion() noexcept;

  // Allows nothing but what is added: no file, no TCP port, no abstract socket, no signal to a
  // process outside. Throws Error (kSystem), as all of these functions do.
  explicit FileRules(int kernel_version);
  FileRules(const FileRules&) = delete;
  FileRules& operator=(const FileRules&) = delete;
  ~FileRules();

  // What lies in the folder, at any depth, may be opened to be read, and listed. A folder that
  // isn't there, or can't be reached, is none.
  void AllowReading(const std::filesystem::path& folder);
  // And files and folders in it may be made, changed, renamed within their folder and removed.
  void AllowWriting(const std::filesystem::path& folder);
  // One file may be read. It is the one that has the name now, and goes on to be: a descriptor of
  // it stays open as long as the process lives, for /proc would forget it.
  void AllowReadingFile(const std::filesystem::path& file);

  // For the calling thread, and whatever it starts from now on. There is no way back. Needs
  // prctl(PR_SET_NO_NEW_PRIVS).
  void Enforce() const;

 private:
  void Allow(int descriptor, std::uint64_t accesses, const std::filesystem::path& path);

  std::uint64_t handled_accesses_;
  int rules_;
};

}  // namespace polyak
