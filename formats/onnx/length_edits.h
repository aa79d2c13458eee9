// Keeps the lengths true: where edits change the size of what lies in a message, the length in
// front of the message changes, and of all messages around it.
// https://protobuf.dev/programming-guides/encoding/#length-types
#pragma once

#include <vector>

#include "io/input_file.h"
#include "io/output_layout.h"

namespace polyak::onnx_format {

// Adds to `edits` those of the lengths that they change, and sorts them. An edit replaces the whole
// content of a field, whole fields, or inserts in front of a field (or at the end of the file).
// Lengths that stay true keep their bytes; the others are written as short as they can be. Walks
// the structure once. Throws Error (kCorrupt, kSystem).
std::vector<Edit> WithLengths(const InputFile& file, std::vector<Edit> edits);

}  // namespace polyak::onnx_format
