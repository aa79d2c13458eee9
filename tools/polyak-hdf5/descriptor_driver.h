// A file driver for the HDF5 library that reads an image of an HDF5 file within the file of a
// descriptor, and opens nothing by name: not external files, not the sources of virtual datasets,
// not the file itself again. What the library writes goes over the image in memory.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <span>
#include <vector>

#include "library.h"
#include "overlay.h"

namespace polyak::hdf5 {

struct Image {
  int descriptor;
  std::uint64_t offset;
  std::uint64_t bytes;
};

// The image that a request means. Throws Failure where it isn't within the file.
Image FindImage(int descriptor, const wire::Image& wanted);

struct FilePlace {
  haddr_t begin;  // from the start of the image
  haddr_t length;
};

// An image, opened by the library; closed with this object, the descriptor isn't. One at a time.
// Throws Failure.
class DescriptorFile {
 public:
  // Read-only.
  explicit DescriptorFile(const Image& image);
  // To be written, on the overlay, which must live longer.
  DescriptorFile(const Image& image, Overlay& overlay);

  hid_t id() const noexcept { return file_.id(); }
  // Throws where anything wasn't written.
  void Close() { file_.CloseNow(); }

  // Where the library found the file's structure: each place that it read since the file was
  // opened, as far as it certainly is structure. It reads no dataset's elements for an index.
  static const std::vector<FilePlace>& StructurePlaces() noexcept;

  // Structure of the file that is open, read past the library: as much of `bytes` as there is from
  // an address on, as the file counts; nothing where reading fails.
  static std::span<const char> ReadStructure(haddr_t address, std::span<char> bytes) noexcept;
  // That was structure, so far. Throws std::bad_alloc.
  static void NoteStructure(haddr_t address, haddr_t length);
  // Whether so many bytes, at least one, are within the file.
  static bool Contains(haddr_t address, haddr_t length) noexcept;

  // From where the file counts its addresses: behind its user block.
  static haddr_t BaseAddress() noexcept;

  // The errno of the last read that failed; 0: none did.
  static int LastReadError() noexcept;

 private:
  static hid_t Open(const Image& image, Overlay* overlay);

  Handle file_;
};

// While one lives, the elements that the library wants to read or write are not: what it has asked
// for is noted. One at a time.
class ElementsNote {
 public:
  ElementsNote() noexcept;
  ElementsNote(const ElementsNote&) = delete;
  ElementsNote& operator=(const ElementsNote&) = delete;
  ~ElementsNote();

  // The one place since the last call. Throws Failure where there was none, or several.
  FilePlace Take();

 private:
  friend struct NoteTaker;
  FilePlace place_{};
  unsigned count_ = 0;
};

}  // namespace polyak::hdf5
