// What Keras means by the datasets of an HDF5 file.
//
// Legacy (.h5): groups of layers, at the root or in model_weights, in the order of the attribute
//   layer_names; a layer's weights in that of its weight_names, at GROUP/LAYER/WEIGHT. Keras loads
//   the k-th into the k-th, whatever the names. Optimizer variables are in optimizer_weights.
// Keras 2.13 and later (.weights.h5, .keras): groups by the attributes and class names of the
//   model's parts, each with its variables in vars/0, vars/1, ...: first what is trained, then what
//   isn't. Optimizer variables are in optimizer/vars; those of an optimizer in another one are
//   stored in both. Seeds of random layers are groups seed_generator.
//
// Roles: of BatchNormalization what isn't trained is a running statistic; of a layer with int8 or
// uint8 weights, or a quantized dtype policy in its configuration, everything is quantized, scales
// and biases too. A name decides only where Keras itself derived it from a class.
#pragma once

#include <span>
#include <string_view>

#include "core/checkpoint.h"
#include "formats/hdf5/hdf5_format.h"

namespace polyak::keras {

// Puts roles and uses into the tensors of a checkpoint's images, and into the notes which layout it
// is, what wrote it, and the order of loading, if it has one. `config`: the model's configuration
// as JSON; empty: it is looked for in the attributes. What isn't Keras's stays as it is.
void Annotate(std::span<hdf5::ImageContents> images, std::string_view config,
              CheckpointNotes& notes);

}  // namespace polyak::keras
