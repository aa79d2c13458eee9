// The shape of a model's graph: what is left of it without names, doc strings and weights.
//
// A node's hash covers its operator and attributes, and its inputs and outputs as numbers: values
// are numbered in the order in which they come up, stored ones told from others. An Identity node
// that makes a tensor's second name has the hash 0 and counts for nothing: an exporter that merges
// equal tensors writes it, and from checkpoint to checkpoint it does so or doesn't.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/graph_shape.h"
#include "formats/onnx/graph_record.h"

namespace polyak::onnx_format {

// `sparse` are the tensors, ascending, whose indices and dims are the two after them. The record is
// resolved. Linear time; the memory that the work takes is charged to the record (null where it
// doesn't fit), that of the result is the caller's to charge.
std::shared_ptr<const GraphShape> MakeGraphShape(GraphRecord& record,
                                                 const std::vector<std::uint32_t>& sparse);

// An estimate of the memory that it takes.
std::uint64_t BytesOf(const GraphShape& shape) noexcept;

}  // namespace polyak::onnx_format
