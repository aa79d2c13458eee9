#include "progress_bar.h"

#include <unistd.h>

#include <ostream>
#include <string>

#include "terminal.h"

namespace polyak::command {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ProgressDisplay DisplayFor(std::string_view when) {
  if (when == "never") return {ProgressStyle::kNone, seconds(0), seconds(0)};
  const bool is_always = when == "always";
  if (ObeysEscapes(STDERR_FILENO)) {
    return {ProgressStyle::kBar, seconds(is_always ? 0 : 1), milliseconds(50)};
  }
  return {ProgressStyle::kLines, seconds(is_always ? 0 : 10), seconds(is_always ? 1 : 30)};
}

// In one piece, so that what others write doesn't come between.
void Write(std::ostream& err, const std::string& text) {
  if (!text.empty()) err << text << std::flush;
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& err, std::string_view when)
    : err_(err), display_(DisplayFor(when)), start_(Clock::now()) {}

ProgressBar::~ProgressBar() { Finish(); }

void ProgressBar::Show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
  Write(err_, display_.Show(Clock::now() - start_, done_bytes, total_bytes,
                            TerminalColumns(STDERR_FILENO)));
}

void ProgressBar::Finish() { Write(err_, display_.Finish(TerminalColumns(STDERR_FILENO))); }

}  // namespace polyak::command
