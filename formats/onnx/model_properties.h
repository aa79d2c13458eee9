// What a model says of itself as a whole: versions, opsets, who wrote it. For people.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, messages ModelProto, OperatorSetIdProto
//
//   ir_version     8
//   opset          17; ai.onnx.ml 3      the version of ONNX's own operators, then other domains'
//   producer       pytorch 2.1
//   model_version  4
//   domain         com.example
//   functions      2                     how many the model defines
//
// What a model doesn't say is left out. Long texts and lists are cut: they take 8 KiB at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "formats/onnx/wire.h"

namespace polyak::onnx_format {

class ModelProperties {
 public:
  // A field of ModelProto; those that say nothing of this kind are passed over. Throws Error
  // (kCorrupt) where an entry of opset_import is malformed.
  void Add(const Field& field, const FieldReader& model);
  // Puts them into the notes, with a warning where a file of `model_bytes` is too large for others.
  void NoteIn(std::uint64_t model_bytes, CheckpointNotes& notes) const;

 private:
  struct Opset {
    std::string domain;
    std::int64_t version = 0;
  };

  void AddOpset(FieldReader entry);
  std::string OpsetText() const;
  std::string ProducerText() const;

  std::optional<std::int64_t> ir_version_;
  std::int64_t model_version_ = 0;
  std::string producer_name_;
  std::string producer_version_;
  std::string domain_;
  std::vector<Opset> opsets_;
  bool has_more_opsets_ = false;  // than are kept
  std::uint64_t functions_ = 0;
};

}  // namespace polyak::onnx_format
