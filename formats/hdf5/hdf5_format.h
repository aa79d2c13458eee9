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
// Supported: contiguous datasets of numbers, bool, complex, fixed strings, opaque and compound
//   types, little- and big-endian; float16, bfloat16, float32 and float64 for averaging. Empty
//   datasets. Payloads are rewritten in place: user block, attributes, links, references, times and
//   the order of creation stay as they are.
// Refused by dataset (TensorInfo::unreadable): chunked and compact storage (for now), external
//   and virtual storage, datasets that were never written, elements of variable length,
//   references.
// Not followed: soft, external and user-defined links.
// Refused: groups nested more than 64 deep, names over 4096 bytes, extents that lie outside the
//   file or overlap in part.
//
// Standard: HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/documentation/hdf5/
//
// The library for it crashes on hostile files. It runs in a program of its own, polyak-hdf5, which
// answers with an index (index.proto); this folder checks that as it would any hostile input,
// and reads payloads by position.
#pragma once

#include <memory>

#include "core/checkpoint.h"
#include "core/format.h"
#include "io/input_file.h"

namespace polyak::hdf5 {

// Whether the file has HDF5's signature at one of its places. Any thread.
// Throws Error (kSystem) where reading fails.
bool Probe(const InputFile& file);

// Indexes the file, by the helper that the context keeps; starts it where it doesn't run. The
// checkpoint owns its share of the file and needs neither context nor helper. One thread at a time
// for one context. Throws Error without the file's name in front: kCorrupt, kUnsupported, kSystem
// (no helper among them), kCancelled.
std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context);

}  // namespace polyak::hdf5
