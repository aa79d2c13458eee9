#include "messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>
#include <string>

#include "long_lines.h"
#include "report/mismatch_text.h"
#include "report/printable.h"
#include "terminal.h"

namespace polyak::command {
namespace {

// SGR parameters.
constexpr std::string_view kBoldRed = "1;31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kCyan = "36";

std::string Fitting(const std::string& text) {
  return WithoutLongLines(text, TerminalColumns(STDERR_FILENO));
}

// In one piece: what others write meanwhile doesn't come between.
void Print(std::ostream& err, std::string_view word, std::string_view colour,
           std::string_view text) {
  const std::string head = fmt::format("polyak: {}: ", word);
  std::string line = Fitting(head + PrintableMessage(text));
  if (WantsColour(STDERR_FILENO) && line.starts_with(head)) {
    line.replace(0, head.size(), fmt::format("polyak: \x1b[{}m{}:\x1b[0m ", colour, word));
  }
  err << line + '\n' << std::flush;
}

}  // namespace

void PrintError(std::ostream& err, std::string_view text) { Print(err, "error", kBoldRed, text); }

void PrintWarning(std::ostream& err, std::string_view text) {
  Print(err, "warning", kYellow, text);
}

void PrintHint(std::ostream& err, std::string_view text) { Print(err, "hint", kCyan, text); }

void PrintNote(std::ostream& err, std::string_view text) { Print(err, "note", kCyan, text); }

void PrintError(std::ostream& err, const Error& error) {
  PrintError(err, error.what());
  if (error.mismatches()) err << Fitting(MismatchText(*error.mismatches())) << std::flush;
  if (!error.hint().empty()) PrintHint(err, error.hint());
}

}  // namespace polyak::command
