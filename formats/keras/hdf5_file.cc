// An HDF5 file as a checkpoint, with what Keras means by what is in it.
#include <utility>

#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/conventions.h"
#include "formats/keras/keras_format.h"

namespace polyak::keras {

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
