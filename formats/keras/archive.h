// A .keras archive as a checkpoint.
#pragma once

#include <memory>

#include "core/checkpoint.h"
#include "core/format.h"
#include "io/input_file.h"

namespace polyak::keras {

// Whether it is a zip archive with weights of Keras, or begins as one. Throws Error (kSystem).
bool ProbeArchive(const InputFile& file);
// Throws Error as Format::open does.
std::unique_ptr<Checkpoint> OpenArchive(std::shared_ptr<const InputFile> file,
                                        OpenContext& context);

}  // namespace polyak::keras
