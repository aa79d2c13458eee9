#include "io/temporary_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <random>

#include "core/error.h"
#include "io/descriptor_cache.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".polyak-";
constexpr std::size_t kLetters = 8;

// ".MAIN.polyak-": where the longest name that begins so would pass what a file name may have, MAIN
// ends in a hash. What has the prefix of another target is not taken for a stale one of this.
std::string PrefixFor(const fs::path& target) {
  constexpr std::size_t kMostOfDataPart = 1 + 16 + 1 + 20;  // two numbers of 64 bits
  constexpr std::size_t kMostOfName = NAME_MAX - 1 - kMark.size() - kLetters - kMostOfDataPart;
  constexpr std::size_t kHashLetters = 16;
  std::string name = target.filename().string();
  if (name.size() > kMostOfName) {
    const std::string hash = fmt::format("{:016x}", XXH3_64bits(name.data(), name.size()));
    name.replace(kMostOfName - kHashLetters, std::string::npos, hash);
  }
  return "." + name + std::string(kMark);
}

std::string RandomLetters() {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string letters;
  while (letters.size() < kLetters) letters += kAlphabet[random() % kAlphabet.size()];
  return letters;
}

bool Lock(int descriptor) noexcept { return flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

// Between creating and locking, another run may have taken it for a stale one.
bool IsStillThere(int folder, const std::string& name, int descriptor) noexcept {
  struct stat by_name {};
  struct stat by_descriptor {};
  return fstatat(folder, name.c_str(), &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstat(descriptor, &by_descriptor) == 0 && by_name.st_ino == by_descriptor.st_ino &&
         by_name.st_dev == by_descriptor.st_dev;
}

// To be written, although nothing is: some network file systems lock nothing else exclusively.
int OpenToLock(int folder, const std::string& name) noexcept {
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int descriptor = openat(folder, name.c_str(), O_RDWR | kFlags);
  if (descriptor >= 0 || errno != EACCES) return descriptor;
  return openat(folder, name.c_str(), O_RDONLY | kFlags);
}

bool IsRegular(int descriptor) noexcept {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

TemporaryFiles::TemporaryFiles(const fs::path& target, int folder)
    : folder_(folder), prefix_(PrefixFor(target)) {
  struct stat status {};
  if (fstat(folder, &status) != 0) throw SystemError("cannot look at its folder", errno);
  data_infix_ = fmt::format("-{:x}-", status.st_ino);
}

int TemporaryFiles::CreateMain(mode_t mode) {
  constexpr int kAttempts = 16;
  int error_number = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    main_ = prefix_ + RandomLetters();
    const int descriptor =
        openat(folder_, main_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (descriptor < 0 && errno == EEXIST) continue;
    if (descriptor < 0) throw SystemError("cannot create a file in its folder", errno);
    bool is_safe = Lock(descriptor);
    error_number = is_safe ? EBUSY : errno;
    if (error_number == ENOSYS || error_number == EOPNOTSUPP) is_safe = true;
    if (is_safe && IsStillThere(folder_, main_, descriptor)) return descriptor;
    unlinkat(folder_, main_.c_str(), 0);
    close(descriptor);
  }
  throw SystemError("cannot create and lock a temporary file in its folder", error_number);
}

std::string TemporaryFiles::OfData(std::size_t number) const {
  return main_ + data_infix_ + std::to_string(number);
}

void TemporaryFiles::RemoveStaleIn(const fs::path& folder) const noexcept {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) RemoveStaleIn(opened.number());
}

void TemporaryFiles::RemoveStaleIn(int folder) const noexcept try {
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(copy), closedir);
  if (!listing) {
    close(copy);
    return;
  }
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix_)) RemoveIfStale(folder, std::string(name));
  }
} catch (const std::exception&) {
  // What is stale stays.
}

void TemporaryFiles::RemoveIfStale(int folder, const std::string& name) const noexcept {
  const std::size_t main_length = prefix_.size() + kLetters;
  if (name.size() == main_length) {
    const Descriptor file(folder == folder_ ? OpenToLock(folder, name) : -1);
    if (file.number() < 0 || !IsRegular(file.number()) || !Lock(file.number())) return;
    if (IsStillThere(folder, name, file.number())) unlinkat(folder, name.c_str(), 0);
    return;
  }
  const std::string_view data_part =
      std::string_view(name).substr(std::min(main_length, name.size()));
  if (data_part.size() <= data_infix_.size() || !data_part.starts_with(data_infix_)) return;
  const bool is_number = std::ranges::all_of(data_part.substr(data_infix_.size()),
                                             [](char c) { return c >= '0' && c <= '9'; });
  if (is_number && IsLeft(name.substr(0, main_length))) unlinkat(folder, name.c_str(), 0);
}

// Whether no run holds the main file's temporary of this name.
bool TemporaryFiles::IsLeft(const std::string& main) const noexcept {
  const Descriptor file(OpenToLock(folder_, main));
  if (file.number() < 0) return errno == ENOENT;
  return Lock(file.number());
}

}  // namespace polyak
