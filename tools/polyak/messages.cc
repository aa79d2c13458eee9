#include "messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>
#include <string>

#include "report/mismatch_text.h"
#include "report/printable.h"
#include "terminal.h"

namespace polyak::command {
namespace {

// SGR parameters.
constexpr std::string_view kBoldRed = "1;31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kCyan = "36";

// In one piece: what others write meanwhile doesn't come between.
void Print(std::ostream& err, std::string_view word, std::string_view colour,
           std::string_view text) {
  const std::string head = WantsColour(STDERR_FILENO)
                               ? fmt::format("polyak: \x1b[{}m{}:\x1b[0m ", colour, word)
                               : fmt::format("polyak: {}: ", word);
  err << head + PrintableMessage(text) + '\n' << std::flush;
}

}  // namespace

void PrintError(std::ostream& err, std::string_view text) { Print(err, "error", kBoldRed, text); }

void PrintWarning(std::ostream& err, std::string_view text) {
  Print(err, "warning", kYellow, text);
}

void PrintHint(std::ostream& err, std::string_view text) { Print(err, "hint", kCyan, text); }

void PrintError(std::ostream& err, const Error& error) {
  PrintError(err, error.what());
  if (error.mismatches()) err << MismatchText(*error.mismatches()) << std::flush;
  if (!error.hint().empty()) PrintHint(err, error.hint());
}

}  // namespace polyak::command
