// A file that is being written and isn't there yet: a temporary file in the target's folder
// (io/temporary_files.h), which Commit renames to the target. Destroyed before Commit it is
// removed. What a killed run left is removed by the next one for the same target.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/output.h"
#include "io/descriptor_cache.h"
#include "io/input_file.h"
#include "io/output_place.h"
#include "io/temporary_files.h"

namespace polyak {

class PendingFile {
 public:
  // Creates the temporary file and reserves `size` bytes. A target that is a symbolic link
  // stands for the file it names. All errors have the target's name in front. Throws Error
  // (kSystem: no room, no permission; kUsage: the target exists and `replace_existing` is false,
  // or isn't a regular file).
  PendingFile(const std::filesystem::path& target, std::uint64_t size, bool replace_existing);
  // A data file of the output whose main file is `main`, its `number`th. It never replaces a file,
  // and must be put in place or destroyed before `main` is. One of so many that they can't all be
  // open has its descriptors from the cache; null: its own. Throws as above.
  PendingFile(const std::filesystem::path& target, std::uint64_t size, const PendingFile& main,
              std::size_t number, std::shared_ptr<DescriptorCache> cache);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  // Of a main file: removes from another folder what killed runs left of its data files there.
  void RemoveStaleIn(const std::filesystem::path& folder) const noexcept;

  // Any thread, disjoint ranges inside [0, size). Throws Error (kSystem).
  void WriteAt(std::uint64_t offset, std::span<const std::byte> bytes);
  // Makes it that long, whatever was written: what is cut off is gone, what is new is zeros. With
  // nothing else under way. Throws Error (kSystem).
  void Resize(std::uint64_t size);
  // What was written so far, to be read; errors have the target's name. Its size is that of now.
  std::shared_ptr<const InputFile> AsInput() const;
  // Copies `length` bytes of `source`; as WriteAt. Throws also kCorrupt where the source ends.
  void CopyFrom(const InputFile& source, std::uint64_t source_offset, std::uint64_t offset,
                std::uint64_t length);

  // fsync, rename, fsync of the folder. The permissions are those of the file it replaces (for
  // reading, writing, executing), else what the umask leaves of 0666. Throws Error (kSystem) with
  // nothing changed; a folder that can't be synced is kUnknown. A failed fsync is not tried again:
  // the data may be gone. It can't be interrupted either; but if *stop (may be null) is set when it
  // ends, nothing is renamed: throws Error (kCancelled).
  Durability Commit(const std::atomic<bool>* stop = nullptr);

  // The steps of a commit, for an output of several files. Each throws Error (kSystem), and
  // PutInPlace kUsage where the target came into being meanwhile.
  void Sync();        // to the disk, with its permissions
  void PutInPlace();  // the rename
  const std::filesystem::path& folder() const noexcept { return folder_path_; }
  // What PutInPlace did, undone, where it replaced nothing.
  void TakeBack() noexcept;
  Durability SyncFolder() const noexcept;

 private:
  PendingFile(const OutputPlace& place, bool replace_existing,
              std::shared_ptr<DescriptorCache> cache);
  std::shared_ptr<const Descriptor> Folder() const;
  std::shared_ptr<const Descriptor> File() const;
  const std::string& temporary() const noexcept { return names_ ? names_->main() : temporary_; }
  mode_t ModeToCreate() const noexcept;
  void CreateMain();
  void CreateData(std::string temporary);
  void Reserve(std::uint64_t size);
  void Rename();
  [[noreturn]] void Fail(ErrorKind kind, std::string what, std::string hint = {}) const;
  [[noreturn]] void FailBySystem(std::string_view what, int error_number) const;

  std::filesystem::path target_;          // no symbolic link itself
  std::string temporary_;                 // a data file's name in the folder
  std::filesystem::path temporary_path_;  // a data file's, ready for the destructor
  bool replace_existing_;
  std::filesystem::path folder_path_;
  std::shared_ptr<DescriptorCache> cache_;  // null: it has descriptors of its own
  std::shared_ptr<const Descriptor> folder_;
  std::shared_ptr<const Descriptor> file_;
  std::optional<TemporaryFiles> names_;  // of a main file
  enum class State : std::uint8_t { kNone, kTemporary, kInPlace } state_ = State::kNone;
};

}  // namespace polyak
