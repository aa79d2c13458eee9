// Texts in attributes.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "polyak_socket.h"

namespace polyak::hdf5 {

struct AttributeTexts {
  std::vector<std::string> values;
  bool is_list = false;
};

// None where the object has no attribute of that name, or one that is no text and no list of them.
// Throws Failure.
std::optional<AttributeTexts> ReadTexts(hid_t object, const std::string& name);

// Sends the attributes of kAttributeNames (protocol.h). One per file.
class AttributeSender {
 public:
  explicit AttributeSender(Answer& answer) : answer_(answer) {}

  // Those of one group. Throws Failure, also where the file has more text than any model.
  void Send(hid_t group, const std::string& path);

 private:
  bool SendOne(hid_t group, const std::string& path, const std::string& name);
  void SendPieces(const std::string& path, const std::string& name, const AttributeTexts& texts);

  Answer& answer_;
  std::size_t bytes_sent_ = 0;
};

}  // namespace polyak::hdf5
