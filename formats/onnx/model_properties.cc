#include "formats/onnx/model_properties.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace polyak::onnx_format {
namespace {

using onnx::ModelProto;
using onnx::OperatorSetIdProto;

constexpr std::size_t kMostOpsets = 32;

std::string TextOf(const Field& field, const FieldReader& message) {
  constexpr std::uint64_t kMostTextBytes = 128;
  const std::uint64_t bytes = std::min(field.content.length, kMostTextBytes);
  message.bytes().Seek(field.content.offset);
  std::string text = message.bytes().TakeText(bytes, field.content.end());
  if (bytes < field.content.length) text += "...";
  return text;
}

bool IsOnnxDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

}  // namespace

void ModelProperties::Add(const Field& field, const FieldReader& model) {
  if (field.Is(ModelProto::kIrVersionFieldNumber, WireType::kVarint)) {
    ir_version_ = static_cast<std::int64_t>(field.varint);
  } else if (field.Is(ModelProto::kModelVersionFieldNumber, WireType::kVarint)) {
    model_version_ = static_cast<std::int64_t>(field.varint);
  }
  if (field.type != WireType::kBytes) return;
  switch (field.number) {
    case ModelProto::kProducerNameFieldNumber: producer_name_ = TextOf(field, model); break;
    case ModelProto::kProducerVersionFieldNumber: producer_version_ = TextOf(field, model); break;
    case ModelProto::kDomainFieldNumber: domain_ = TextOf(field, model); break;
    case ModelProto::kOpsetImportFieldNumber: AddOpset(model.Into(field)); break;
    case ModelProto::kFunctionsFieldNumber: ++functions_; break;
    default: break;
  }
}

void ModelProperties::AddOpset(FieldReader entry) {
  Opset opset;
  while (const auto field = entry.Next()) {
    if (field->Is(OperatorSetIdProto::kDomainFieldNumber, WireType::kBytes)) {
      opset.domain = TextOf(*field, entry);
    } else if (field->Is(OperatorSetIdProto::kVersionFieldNumber, WireType::kVarint)) {
      opset.version = static_cast<std::int64_t>(field->varint);
    }
  }
  if (opsets_.size() < kMostOpsets) {
    opsets_.push_back(std::move(opset));
  } else {
    has_more_opsets_ = true;
  }
}

std::string ModelProperties::OpsetText() const {
  std::string onnx;
  std::string others;
  for (const auto& [domain, version] : opsets_) {
    std::string& text = IsOnnxDomain(domain) ? onnx : others;
    if (!text.empty()) text += "; ";
    if (!IsOnnxDomain(domain)) text += domain + " ";
    text += std::to_string(version);
  }
  if (!onnx.empty() && !others.empty()) onnx += "; ";
  return onnx + others + (has_more_opsets_ ? "; ..." : "");
}

std::string ModelProperties::ProducerText() const {
  if (producer_name_.empty() || producer_version_.empty()) {
    return producer_name_ + producer_version_;
  }
  return producer_name_ + " " + producer_version_;
}

void ModelProperties::NoteIn(std::uint64_t model_bytes, CheckpointNotes& notes) const {
  const auto add = [&notes](const char* name, std::string value) {
    if (!value.empty()) notes.properties.push_back({name, std::move(value)});
  };
  if (ir_version_) add("ir_version", std::to_string(*ir_version_));
  add("opset", OpsetText());
  add("producer", ProducerText());
  if (model_version_ != 0) add("model_version", std::to_string(model_version_));
  add("domain", domain_);
  if (functions_ > 0) add("functions", std::to_string(functions_));

  constexpr std::uint64_t kMostBytesOfMessage = std::numeric_limits<std::int32_t>::max();
  if (model_bytes > kMostBytesOfMessage) {
    notes.warnings.emplace_back(
        "the file has 2 GiB or more: readers that use Protocol Buffers, such as onnx and ONNX "
        "Runtime, will not load it");
  }
}

}  // namespace polyak::onnx_format
