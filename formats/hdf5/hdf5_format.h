// HDF5, as h5py, Keras and other C, C++ and Fortran programs write it.
//
// A file is a graph of objects, groups and datasets, named by the links of groups; a superblock
// with the signature 89 'H' 'D' 'F' 0d 0a 1a 0a at byte 0, 512, 1024, 2048, ... leads to the root
// group. In front of it lies the user block, which is the user's. A dataset has a dataspace (its
// shape), an element type, and a layout: contiguous (one run of bytes, row-major), chunked,
// compact (inside the metadata), or elsewhere (external files, virtual).
//
// A tensor is a dataset; its name is the path of hard links to it, "conv1/conv1/kernel:0". One
// with several links appears under each of its names; a group with several under the first. The
// order is that of creation where the group tracks it, else that of the names.
//
// Supported: datasets of numbers, bool, complex, fixed strings, opaque and compound types, little-
//   and big-endian; float16, bfloat16 (as a float of its own and as Keras has it), float32, float64
//   and complex numbers of the two for averaging. Contiguous, chunked (every kind of chunk index),
//   compact, and never written with a fill value; empty. Filters: deflate, shuffle, fletcher32 and
//   h5py's lzf by our own code, szip, nbit and scaleoffset by the library.
// Written: what has the same bytes in the same place is written over the template's; new sizes and
//   places of chunks, storage for what was never written, compact values and the record of
//   provenance change the structure, which the library works out over a copy (hdf5_output.h). User
//   block, other attributes, links, references, times and the order of creation stay as they are.
// Refused by dataset (TensorInfo::unreadable): other filters, external and virtual storage, what
//   was never written and has no fill value, chunks with far more places than there are chunks,
//   elements of variable length, references. An external link is a tensor that can't be read.
// Not followed: soft and user-defined links.
// Refused: groups nested more than 64 deep, names over 4096 bytes, extents that lie outside the
//   file or overlap in part.
//
// Standard: HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/documentation/hdf5/
//
// The library for it crashes on hostile files. It runs in a program of its own, polyak-hdf5, which
// answers with an index (index.proto); this folder checks that as it would any hostile input,
// and reads payloads by position.
//
// This is the one header for other formats: those that keep HDF5 inside of something, or know what
// wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"
#include "core/format.h"
#include "io/extents.h"
#include "io/input_file.h"
#include "io/output_layout.h"
#include "io/spliced_output.h"

namespace polyak::hdf5 {

// The bytes of an HDF5 file within a file of a checkpoint: all of it, or an archive's member.
struct Image {
  std::uint32_t file = 0;  // number in the checkpoint's files
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// A text, or a list of texts, that belongs to a group.
struct TextAttribute {
  std::string object;  // the group's path; empty: the root
  std::string name;
  std::vector<std::string> values;  // from the file: any bytes
};

// Where the payload of each tensor lies, and how.
class StorageList;

// What an image holds. Names are paths; roles, uses and names may be changed by whoever knows what
// wrote the file, and the order of the tensors stays.
struct ImageContents {
  std::vector<TensorInfo> tensors;
  std::vector<TextAttribute> attributes;
  std::shared_ptr<const StorageList> storage;
};

// The same program, with a process that starts it; where the program isn't found, without. Before
// the second thread. Throws Error (kSystem).
HelperProgram WithStarter(const HelperProgram& helper);

// Indexes the image, by a helper that the run keeps; starts one where none is free, and charges
// the context's budget. Throws Error without the file's name in front: kCorrupt, kUnsupported,
// kSystem (no helper among them), kCancelled.
ImageContents IndexImage(const InputFile& file, const Image& image, OpenContext& context);

// How the files of an output lie around its images. Immutable; any thread.
class Container {
 public:
  // Where an image begins in the output.
  struct Place {
    std::size_t file = 0;  // in PendingFiles
    std::uint64_t offset = 0;
  };

  virtual ~Container() = default;

  // The output's files beside its main one; see Checkpoint::DataFilesOf.
  virtual std::vector<std::filesystem::path> DataFilesOf(const OutputRequest& /*request*/) const {
    return {};
  }
  // All files, with images of the template's sizes; sets places[i] to where images[i] is. By
  // default: the one file is the image.
  virtual OutputLayout LayOut(const InputFiles& files, std::span<const Image> images,
                              const OutputRequest& request, std::span<Place> places) const;
  // Throws Error (kCorrupt) where a checksum of the files says that an image is damaged. By default
  // there is none.
  virtual void CheckContent(const InputFiles& /*files*/) const {}
  // The image that gets the provenance record, as an attribute of its root group. Nothing: Finish
  // puts it elsewhere.
  virtual std::optional<std::size_t> RecordImage() const { return 0; }
  // When the images are done: sizes[i] is that of image i now, and what the layout had behind it is
  // overwritten if it grew. An empty record: none is wanted. By default the one file gets the
  // image's size. Throws Error.
  virtual void Finish(PendingFiles files, std::span<const Place> places,
                      std::span<const std::uint64_t> sizes, std::string_view record) const;
};

// What a checkpoint is made of.
struct CheckpointParts {
  InputFiles files;  // the main one first
  // How many of them are the user's; those behind are copies of what they hold. Nothing: all.
  std::optional<std::size_t> user_files;
  std::vector<Image> images;
  std::vector<ImageContents> contents;  // of each image
  CheckpointNotes notes;                // with the record, where it lies outside of the images
  std::shared_ptr<const Container> container = std::make_shared<const Container>();
};

// The tensors of all images, one image after the other. Throws Error: kCorrupt where names repeat
// or payloads lie wrong. The checkpoint needs neither context nor helper to be read, unless chunks
// have filters that only the HDF5 library knows.
std::unique_ptr<Checkpoint> MakeCheckpoint(CheckpointParts parts, OpenContext& context);

// Whether the file has HDF5's signature at one of its places; where the superblock that begins with
// it says that the file ends (nothing: it isn't there, or can't be read). Any thread.
// Throws Error (kSystem) where reading fails.
bool Probe(const InputFile& file);
std::optional<std::uint64_t> EndBySuperblock(const InputFile& file);

// A whole file, of whatever origin. Throws as IndexImage and MakeCheckpoint.
std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::hdf5
