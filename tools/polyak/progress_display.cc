#include "progress_display.h"

#include "progress_text.h"

namespace polyak::command {
namespace {

constexpr std::string_view kPrefix = "polyak: ";
// Erases from the cursor to the end of the line, and to the end of the screen.
constexpr std::string_view kEraseLine = "\x1b[K";
constexpr std::string_view kEraseScreen = "\x1b[J";

// Something in the last column makes some terminals wrap.
std::size_t Usable(std::size_t columns) { return columns == 0 ? std::string::npos : columns - 1; }

}  // namespace

std::string ProgressDisplay::Show(Time now, std::uint64_t done_bytes, std::uint64_t total_bytes,
                                  std::size_t columns) {
  if (style_ == ProgressStyle::kNone) return "";
  rate_.Note(now, done_bytes);
  if (now < next_) return "";
  next_ = now + interval_;
  const Progress progress{done_bytes, total_bytes, rate_.bytes_per_second()};
  if (style_ == ProgressStyle::kBar) {
    return Over(ProgressBarText(progress, Usable(columns)), columns);
  }
  const std::size_t room = Usable(columns);
  if (room <= kPrefix.size()) return "";
  const std::string text = ProgressLineText(progress, room - kPrefix.size());
  return text.empty() ? "" : std::string(kPrefix) + text + '\n';
}

std::string ProgressDisplay::Finish(std::size_t columns) {
  if (shown_columns_ == 0) return "";
  std::string wiped = Over("", columns);
  shown_columns_ = 0;
  return wiped;
}

// The text in place of what the line had. The cursor is left in the first column: when the terminal
// then becomes narrower and wraps the line, the cursor stays where the line begins, and all its
// rows can be erased without touching what stands above. A terminal that cuts the line off instead
// keeps it there, too.
std::string ProgressDisplay::Over(const std::string& text, std::size_t columns) {
  const std::string_view erase = columns < shown_columns_ ? kEraseScreen : kEraseLine;
  shown_columns_ = columns;
  return "\r" + text + std::string(erase) + (text.empty() ? "" : "\r");
}

}  // namespace polyak::command
