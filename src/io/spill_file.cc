#include "io/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "io/output_place.h"

namespace polyak {
namespace {

// Where the file system has no files without a name, one that loses its name at once.
int OpenNameless(const std::filesystem::path& folder) {
  const int nameless = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (nameless >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return nameless;
  std::string path = (folder / ".polyak-XXXXXX").string();
  const int named = mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) unlink(path.c_str());
  return named;
}

}  // namespace

SpillFile::SpillFile(const std::filesystem::path& output)
    : SpillFile(FindOutputPlace(output, true).folder, output) {}

SpillFile::SpillFile(const std::filesystem::path& folder, std::filesystem::path name)
    : output_(std::move(name)) {
  const int descriptor = OpenNameless(folder);
  if (descriptor < 0) FailBySystem("cannot create a temporary file in its folder", errno);
  file_ = std::make_shared<const Descriptor>(descriptor);
}

std::filesystem::path SpillFile::TemporaryFolder(const std::filesystem::path& wanted) {
  if (!wanted.empty()) return wanted;
  std::error_code error;
  return std::filesystem::is_directory("/var/tmp", error) ? "/var/tmp" : "/tmp";
}

void SpillFile::Reserve(std::uint64_t bytes) const {
  if (bytes == 0) return;
  while (fallocate(file_->number(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return;
    if (errno != EINTR) {
      FailBySystem("cannot reserve " + std::to_string(bytes) + " bytes for a temporary file",
                   errno);
    }
  }
}

void SpillFile::WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        pwrite(file_->number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (errno != EINTR) {
      FailBySystem("cannot write a temporary file", errno);
    }
  }
}

void SpillFile::ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        pread(file_->number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (count == 0 || errno != EINTR) {
      FailBySystem("cannot read a temporary file", count == 0 ? EIO : errno);
    }
  }
}

std::shared_ptr<const InputFile> SpillFile::AsInput() const {
  return InputFile::OfDescriptor(output_, file_);
}

void SpillFile::FailBySystem(std::string_view what, int error_number) const {
  Error error = SystemError(what, error_number);
  error.AddContext(output_.string());
  throw error;
}

}  // namespace polyak
