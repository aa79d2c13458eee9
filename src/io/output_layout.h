// How the files of an output are put together, decided before the first element is computed: from
// pieces of the template's files, from literal bytes, and from what else was prepared. A value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/input_file.h"
#include "io/payload.h"

namespace polyak {

// Bytes of a template that an output has otherwise: `removed` of them at `offset` give way to
// `inserted`, and that to bytes of another source, if any. No payload that stays lies in what is
// removed.
struct Edit {
  std::uint64_t offset = 0;
  std::uint64_t removed = 0;
  std::string inserted;
  // Where in `inserted` the provenance record begins; npos: it isn't in there.
  std::size_t record_at = std::string::npos;
  std::uint32_t source = 0;  // in OutputLayout::sources
  Extent copied = {};        // there
};

// One file, from its first byte to its last.
class FileLayout {
 public:
  struct Copied {
    std::uint64_t offset;  // in this file
    std::uint32_t source;  // in OutputLayout::sources
    Extent extent;         // there
  };
  struct Literal {
    std::uint64_t offset;  // in this file
    std::string bytes;
  };

  // Each adds to the end.
  void Copy(std::uint32_t source, const Extent& extent);
  void Insert(std::string bytes);
  void SkipTo(std::uint64_t offset);  // zeros up to there; not backwards
  // A whole file of the template, edited. The edits are in order of their offsets and don't
  // overlap. What is short between two of them is read and becomes literal (one piece is less
  // than three), but for `slots`, sorted: what they touch is copied in any case.
  void CopyEdited(std::uint32_t source, const InputFile& file, std::span<Edit> edits,
                  std::span<const Extent> slots);

  std::uint64_t size() const noexcept { return size_; }
  std::span<const Copied> copied() const noexcept { return copied_; }
  std::span<const Literal> literals() const noexcept { return literals_; }
  // Where the provenance record lies.
  std::optional<std::uint64_t> record_offset() const noexcept { return record_offset_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Copied> copied_;
  std::vector<Literal> literals_;
  std::optional<std::uint64_t> record_offset_;
};

struct OutputLayout {
  // The files that are copied from; the first ones are the template's, by their numbers in
  // payloads.
  std::vector<std::shared_ptr<const InputFile>> sources;

  // Files that the main one names, relative to its folder. They never replace anything.
  struct DataFile {
    std::string name;
    FileLayout layout;
  };
  FileLayout main;
  std::vector<DataFile> data;
  // What data files would be called that an earlier run, killed, may have begun for this output.
  std::vector<std::string> mirrored;
  // Paths like "sub/../w" by which the main file names them: "sub" must be there, too.
  std::vector<std::string> detours;
};

}  // namespace polyak
