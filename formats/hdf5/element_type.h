// HDF5's element types in polyak's terms.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "core/dtype.h"
#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// A value. `dtype` is kOpaque for numbers that polyak has no name for (x87 long double, floats
// with unused bits, VAX order); their bytes can still be read and compared.
struct ElementType {
  DType dtype = DType::kOpaque;
  std::uint32_t element_bytes = 0;  // 0: no fixed size
  std::endian order = std::endian::native;
  std::uint32_t ordered_bytes = 0;  // what `order` applies to: an element, or half a complex number
  bool is_float = false;            // a float or complex number of any kind
  std::string unreadable;           // why its elements can't be read; empty: they can
};

// Throws Error (kCorrupt) where the message makes no sense.
ElementType TranslateType(const wire::ElementType& type);

}  // namespace polyak::hdf5
