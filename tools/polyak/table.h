// Tables for people: columns that line up, in a terminal's width where there is one.
//
// Plain values; nothing is shared and nothing thrown but std::bad_alloc. Cells must be printable
// (report/printable.h): one line of UTF-8 without control characters.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace polyak::command {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  bool may_shrink = false;  // where lines don't fit, its cells lose their middle
  int leaves_first = 0;     // where that isn't enough, the highest goes first; 0: never
};

// How many columns a terminal gives to UTF-8 text: none to combining marks, two to wide letters
// (East Asian ones, emoji), one to all else.
std::size_t WidthOf(std::string_view text) noexcept;

// `text` in at most `width` columns (1 or more), with "…" for what its middle has lost.
std::string WithoutMiddle(std::string_view text, std::size_t width);

// The lines of a table whose rows nobody holds: measure all rows, fit, print all rows.
class TableLayout {
 public:
  explicit TableLayout(std::vector<Column> columns);

  // One cell per column.
  void Measure(const std::vector<std::string>& cells);
  // No line will be wider than this. 0: no limit. Columns that may shrink do, to 8 at least; then
  // whole columns are left out; only what still doesn't fit is cut at the end of the line.
  void Fit(std::size_t columns);

  std::string TitleLine() const;
  // Without the line's end.
  std::string Line(const std::vector<std::string>& cells) const;

 private:
  // Shrunk: with all that may shrink at its least.
  std::size_t LineWidth(bool is_shrunk) const noexcept;
  // False if no other column may leave.
  bool LeaveOutOne();
  void Shrink(std::size_t columns);

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<bool> is_left_out_;
  std::size_t most_columns_ = 0;
};

// A table of a few rows.
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // One cell per column, already printable.
  void Add(std::vector<std::string> cells);
  // Titles and rows, made to fit `columns`: TableLayout::Fit.
  void Print(std::ostream& out, std::size_t columns) const;

 private:
  TableLayout layout_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace polyak::command
