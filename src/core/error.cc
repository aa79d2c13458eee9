#include "core/error.h"

#include <system_error>
#include <utility>

namespace polyak {

Error::Error(ErrorKind kind, std::string text, std::string hint)
    : kind_(kind), text_(std::move(text)), hint_(std::move(hint)) {}

void Error::AddContext(std::string_view context) {
  text_.insert(0, ": ");
  text_.insert(0, context);
}

Error SystemError(std::string_view what, int error_number) {
  std::string text(what);
  text += ": ";
  text += std::generic_category().message(error_number);
  return {ErrorKind::kSystem, std::move(text)};
}

}  // namespace polyak
