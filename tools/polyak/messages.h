// What the command has to say beside its results: one line each on standard error, "polyak: error:
// …". The one place that prints them.
#pragma once

#include <iosfwd>
#include <new>
#include <string_view>

#include "core/error.h"

namespace polyak::command {

// Each prints one whole line, with the word that says what it is in colour where `err`, which is
// standard error, is a terminal that wants it. The text may hold names as files have them: it is
// made printable here. A stream that can't be written to is no fault.
void PrintError(std::ostream& err, std::string_view text);
void PrintWarning(std::ostream& err, std::string_view text);
void PrintHint(std::ostream& err, std::string_view text);
void PrintNote(std::ostream& err, std::string_view text);

// No memory, where that isn't all there is to say.
class OutOfMemory : public std::bad_alloc {
 public:
  // `what` is a literal.
  explicit OutOfMemory(const char* what) noexcept : what_(what) {}
  const char* what() const noexcept override { return what_; }

 private:
  const char* what_;
};

// An error, the list of what doesn't match and a hint, if it has them.
void PrintError(std::ostream& err, const Error& error);

}  // namespace polyak::command
