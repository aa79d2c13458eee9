#include "formats/keras/keras_format.h"

#include <utility>

#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/archive.h"
#include "formats/keras/conventions.h"
#include "formats/keras/sharded_weights.h"

namespace polyak::keras {

bool Probe(const InputFile& file) { return ProbeArchive(file) || ProbeShards(file); }

std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context) {
  if (ProbeArchive(*file)) return OpenArchive(std::move(file), context);
  return OpenShards(std::move(file), context);
}

std::unique_ptr<Checkpoint> OpenHdf5(std::shared_ptr<const InputFile> file, OpenContext& context) {
  const hdf5::Image image{.file = 0, .offset = 0, .bytes = file->size()};
  hdf5::CheckpointParts parts;
  parts.images = {image};
  parts.contents.push_back(hdf5::IndexImage(*file, image, context));
  parts.files = {std::move(file)};
  Annotate(parts.contents, {}, parts.notes);
  return hdf5::MakeCheckpoint(std::move(parts), context);
}

}  // namespace polyak::keras
