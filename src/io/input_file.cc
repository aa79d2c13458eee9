#include "io/input_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

bool SameTime(const timespec& a, const timespec& b) noexcept {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

std::string WhatItIs(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder, not a checkpoint file";
  if (S_ISFIFO(mode)) return "is a FIFO, not a regular file";
  if (S_ISSOCK(mode)) return "is a socket, not a regular file";
  return "is a device, not a regular file";
}

}  // namespace

std::optional<FileIdentity> IdentityOf(const std::filesystem::path& path) noexcept {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

std::shared_ptr<const InputFile> InputFile::Open(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0 && errno == EMFILE) {
    throw Error(ErrorKind::kSystem, SystemError("cannot open", EMFILE).what(),
                "ulimit -n allows a process more");
  }
  if (descriptor < 0) throw SystemError("cannot open", errno);
  return std::shared_ptr<const InputFile>(
      new InputFile(path, std::make_shared<const Descriptor>(descriptor)));
}

std::shared_ptr<const InputFile> InputFile::OpenOneOfMany(std::filesystem::path path,
                                                          std::shared_ptr<DescriptorCache> cache,
                                                          std::function<int()> open) {
  const std::shared_ptr<InputFile> file(
      new InputFile(std::move(path), std::make_shared<const Descriptor>(open())));
  file->own_.reset();
  file->cache_ = std::move(cache);
  file->open_ = std::move(open);
  return file;
}

std::shared_ptr<const InputFile> InputFile::OfDescriptor(
    std::filesystem::path path, std::shared_ptr<const Descriptor> descriptor) {
  return std::shared_ptr<const InputFile>(new InputFile(std::move(path), std::move(descriptor)));
}

InputFile::InputFile(std::filesystem::path path, std::shared_ptr<const Descriptor> descriptor)
    : path_(std::move(path)), own_(std::move(descriptor)) {
  if (fstat(own_->number(), &status_) != 0) throw SystemError("cannot look at", errno);
  if (!S_ISREG(status_.st_mode)) throw Error(ErrorKind::kUnsupported, WhatItIs(status_.st_mode));
}

InputFile::~InputFile() {
  if (cache_) cache_->Forget(this);
}

std::shared_ptr<const Descriptor> InputFile::Lease() const {
  if (own_) return own_;
  return cache_->Get(this, [this] {
    const int descriptor = open_();
    struct stat now {};
    if (fstat(descriptor, &now) == 0 && identity() == FileIdentity{now.st_dev, now.st_ino}) {
      return descriptor;
    }
    close(descriptor);
    throw Error(ErrorKind::kCorrupt, "another file has taken its place while it was read");
  });
}

std::uint64_t InputFile::size() const noexcept {
  return static_cast<std::uint64_t>(status_.st_size);
}

FileIdentity InputFile::identity() const noexcept { return {status_.st_dev, status_.st_ino}; }

void InputFile::ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const {
  const std::size_t done = ReadUpTo(offset, bytes);
  if (done == bytes.size()) return;
  throw Error(ErrorKind::kCorrupt, "the file ends early (found " + std::to_string(offset + done) +
                                       " bytes, expected at least " +
                                       std::to_string(offset + bytes.size()) + ")");
}

std::size_t InputFile::ReadUpTo(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (offset >= size()) return 0;
  const std::shared_ptr<const Descriptor> lease = Lease();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pread(lease->number(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      throw SystemError("cannot read", errno);
    }
  }
  return done;
}

void InputFile::CheckUnchanged() const {
  struct stat now {};
  if (fstat(Lease()->number(), &now) != 0) throw SystemError("cannot look at", errno);
  if (now.st_size != status_.st_size || !SameTime(now.st_mtim, status_.st_mtim) ||
      !SameTime(now.st_ctim, status_.st_ctim)) {
    throw Error(ErrorKind::kCorrupt, "the file was changed while it was read");
  }
}

}  // namespace polyak
