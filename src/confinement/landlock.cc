#include "confinement/landlock.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"

namespace polyak {
namespace {

// By hand: the headers of Debian 12 end with version 2 of what the kernel may know by now.
constexpr std::uint64_t kExecute = 1U << 0;
constexpr std::uint64_t kWriteFile = 1U << 1;
constexpr std::uint64_t kReadFile = 1U << 2;
constexpr std::uint64_t kReadFolder = 1U << 3;
constexpr std::uint64_t kRemoveFolder = 1U << 4;
constexpr std::uint64_t kRemoveFile = 1U << 5;
constexpr std::uint64_t kMakeDevice = 1U << 6;
constexpr std::uint64_t kMakeFolder = 1U << 7;
constexpr std::uint64_t kMakeFile = 1U << 8;
constexpr std::uint64_t kMakeSocket = 1U << 9;
constexpr std::uint64_t kMakeFifo = 1U << 10;
constexpr std::uint64_t kMakeBlockDevice = 1U << 11;
constexpr std::uint64_t kMakeLink = 1U << 12;
constexpr std::uint64_t kMoveToOtherFolder = 1U << 13;  // version 2
constexpr std::uint64_t kTruncate = 1U << 14;           // version 3
constexpr std::uint64_t kControlDevice = 1U << 15;      // version 5

constexpr std::uint64_t kReading = kReadFile | kReadFolder;
constexpr std::uint64_t kWriting =
    kReading | kWriteFile | kTruncate | kMakeFile | kMakeFolder | kRemoveFile | kRemoveFolder;

struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;  // version 4
  std::uint64_t scopes;   // version 6
};
constexpr std::uint64_t kBindAndConnect = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

struct [[gnu::packed]] BeneathRule {
  std::uint64_t accesses;
  std::int32_t folder;
};

constexpr unsigned kAskVersion = 1;
constexpr unsigned kBeneathRule = 1;

constexpr std::uint64_t HandledBy(int version) noexcept {
  std::uint64_t accesses = kExecute | kReading | kWriteFile | kRemoveFolder | kRemoveFile |
                           kMakeDevice | kMakeFolder | kMakeFile | kMakeSocket | kMakeFifo |
                           kMakeBlockDevice | kMakeLink;
  if (version >= 2) accesses |= kMoveToOtherFolder;
  if (version >= 3) accesses |= kTruncate;
  if (version >= 5) accesses |= kControlDevice;
  return accesses;
}

[[noreturn]] void Fail(std::string_view what) {
  throw SystemError("cannot confine itself: " + std::string(what), errno);
}

// Nobody can open it then: the rule isn't missed.
bool IsOutOfReach(int error_number) noexcept {
  constexpr std::array kReasons = {ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG};
  for (const int reason : kReasons) {
    if (error_number == reason) return true;
  }
  return false;
}

// Negative where there is nothing that one could open.
int OpenPlace(const std::filesystem::path& path, int flags) {
  const int descriptor = open(path.c_str(), O_PATH | O_CLOEXEC | flags);
  if (descriptor < 0 && !IsOutOfReach(errno)) Fail(path.string());
  return descriptor;
}

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace

int FileRules::KernelVersion() noexcept {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kAskVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

FileRules::FileRules(int kernel_version) : handled_accesses_(HandledBy(kernel_version)) {
  const Ruleset wanted{.files = handled_accesses_,
                       .network = kernel_version >= 4 ? kBindAndConnect : 0,
                       .scopes = kernel_version >= 6 ? kAbstractSocketsAndSignals : 0};
  // What is longer than the kernel knows has to be zeros, and is.
  rules_ = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0U));
  if (rules_ < 0) Fail("the kernel gives no Landlock rules");
}

FileRules::~FileRules() { close(rules_); }

void FileRules::Allow(int descriptor, std::uint64_t accesses, const std::filesystem::path& path) {
  const BeneathRule rule{.accesses = accesses & handled_accesses_, .folder = descriptor};
  const long result = syscall(SYS_landlock_add_rule, rules_, kBeneathRule, &rule, 0U);
  if (result != 0) Fail("the kernel takes no Landlock rule for " + path.string());
}

void FileRules::AllowReading(const std::filesystem::path& folder) {
  const Descriptor descriptor(OpenPlace(folder, O_DIRECTORY));
  if (descriptor.number() >= 0) Allow(descriptor.number(), kReading, folder);
}

void FileRules::AllowWriting(const std::filesystem::path& folder) {
  const Descriptor descriptor(OpenPlace(folder, O_DIRECTORY));
  if (descriptor.number() >= 0) Allow(descriptor.number(), kWriting, folder);
}

void FileRules::AllowReadingFile(const std::filesystem::path& file) {
  const int descriptor = OpenPlace(file, 0);
  if (descriptor >= 0) Allow(descriptor, kReadFile, file);
}

void FileRules::Enforce() const {
  if (syscall(SYS_landlock_restrict_self, rules_, 0U) != 0) Fail("the kernel enforces no Landlock");
}

}  // namespace polyak
