// Opens a model that a test has made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/registry.h"
#include "support/files.h"
#include "support/onnx_builder.h"

namespace polyak::test {

class OpenedModel {
 public:
  explicit OpenedModel(const onnx::ModelProto& model) : OpenedModel(model.SerializeAsString()) {}
  explicit OpenedModel(const std::string& bytes) {
    WriteFile(folder_ / "m.onnx", bytes);
    OpenContext context;
    checkpoint_ = OpenCheckpoint(folder_ / "m.onnx", context).checkpoint;
  }

  const Checkpoint& operator*() const { return *checkpoint_; }
  const Checkpoint* operator->() const { return checkpoint_.get(); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const TensorInfo& tensor : checkpoint_->tensors()) names.push_back(tensor.name);
    return names;
  }

  template <class Element>
  std::vector<Element> Elements(std::size_t tensor, std::uint64_t first = 0) const {
    const TensorInfo& info = checkpoint_->tensors()[tensor];
    std::vector<Element> elements(info.elements - first);
    checkpoint_->Read(tensor, RangeBox(first, info.elements - first),
                      std::as_writable_bytes(std::span(elements)));
    return elements;
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Checkpoint> checkpoint_;
};

// What opening throws, "" where it doesn't.
inline std::string OpeningError(const std::string& bytes) {
  try {
    const OpenedModel model(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline std::string OpeningError(const onnx::ModelProto& model) {
  return OpeningError(model.SerializeAsString());
}

}  // namespace polyak::test
