// TensorProto: one tensor of an ONNX model, indexed without reading its payload.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, message TensorProto
//
// dims (1), data_type (2), name (8), and the elements in one of
//   raw_data (9)       little-endian bytes
//   float_data (4)     float32, complex64 as pairs          fixed four bytes
//   double_data (10)   float64, complex128 as pairs         fixed eight bytes
//   int32_data (5)     int32 and everything smaller         varints
//   int64_data (7), uint64_data (11)                        varints
//   string_data (6)    one field per string
//   external_data (13) with data_location (14) EXTERNAL     another file
// Supported: all of them, packed, unpacked, split into several fields, mixed. float16 and bfloat16
// as varints are their bits, 0 to 65535. Strings are compared only.
// Refused: segments (3), which nobody writes; values in more than 4096 runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "formats/onnx/external_data.h"
#include "formats/onnx/varint_payload.h"
#include "formats/onnx/wire.h"
#include "io/payload.h"

namespace polyak::onnx_format {

struct IndexedTensor {
  TensorInfo info;  // its name as the message has it; role and path are the caller's
  Payload payload;  // of external data none yet
  std::unique_ptr<const VarintPayload> varints;  // where elements are varints
  std::unique_ptr<ExternalData> external;        // where the elements lie in another file

  // An estimate of the memory that it takes in an index.
  std::uint64_t index_bytes() const noexcept;
};

// Throws Error (kCorrupt), with the tensor's name in front where it has one, where the message
// is malformed or its sizes don't agree.
IndexedTensor IndexTensor(FieldReader message);

}  // namespace polyak::onnx_format
