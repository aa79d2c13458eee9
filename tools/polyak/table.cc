#include "table.h"

#include <algorithm>
#include <cassert>
#include <ostream>
#include <utility>

namespace polyak::command {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kGap = 2;  // between columns
constexpr std::size_t kLeastShrunk = 8;

struct CodePoints {
  char32_t first;
  char32_t last;
};

// Unicode 15.0: the marks that scripts put over and under letters, zero-width characters,
// variation selectors. Not complete: what is missing takes a column too many.
constexpr CodePoints kZeroWidth[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};

// Unicode 15.0, EastAsianWidth.txt: the blocks that are wide (W) or full width (F).
constexpr CodePoints kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
                                {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},
                                {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <std::size_t count>
bool IsIn(const CodePoints (&ranges)[count], char32_t code_point) noexcept {
  return std::ranges::any_of(ranges, [code_point](const CodePoints& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

// The bytes of the code point that `text` begins with.
std::size_t LengthOfFirst(std::string_view text) noexcept {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) {
    ++length;
  }
  return length;
}

std::size_t WidthOfCodePoint(std::string_view bytes) noexcept {
  if (bytes.size() == 1) return 1;
  char32_t code_point = static_cast<unsigned char>(bytes[0]) & (0xffU >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) {
    code_point = code_point << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  }
  if (IsIn(kZeroWidth, code_point)) return 0;
  return IsIn(kWide, code_point) ? 2 : 1;
}

// The longest start of `text` that takes at most `width` columns, its combining marks included.
std::string_view Start(std::string_view text, std::size_t width) noexcept {
  std::size_t end = 0;
  for (std::size_t used = 0; end < text.size();) {
    const std::size_t length = LengthOfFirst(text.substr(end));
    used += WidthOfCodePoint(text.substr(end, length));
    if (used > width) break;
    end += length;
  }
  return text.substr(0, end);
}

// The longest end of `text` that takes at most `width` columns.
std::string_view End(std::string_view text, std::size_t width) noexcept {
  std::size_t used = WidthOf(text);
  while (used > width) {
    const std::size_t length = LengthOfFirst(text);
    used -= WidthOfCodePoint(text.substr(0, length));
    text.remove_prefix(length);
  }
  return text;
}

std::string Padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t own_width = WidthOf(text);
  const std::string padding(width > own_width ? width - own_width : 0, ' ');
  return align == Align::kRight ? padding + text : text + padding;
}

}  // namespace

std::size_t WidthOf(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t length = LengthOfFirst(text);
    width += WidthOfCodePoint(text.substr(0, length));
    text.remove_prefix(length);
  }
  return width;
}

std::string WithoutMiddle(std::string_view text, std::size_t width) {
  assert(width > 0);
  if (WidthOf(text) <= width) return std::string(text);
  const std::size_t end = (width - 1) / 2;
  return std::string(Start(text, width - 1 - end)).append(kEllipsis).append(End(text, end));
}

TableLayout::TableLayout(std::vector<Column> columns)
    : columns_(std::move(columns)), is_left_out_(columns_.size()) {
  for (const Column& column : columns_) widths_.push_back(WidthOf(column.title));
}

void TableLayout::Measure(const std::vector<std::string>& cells) {
  assert(cells.size() == columns_.size());
  for (std::size_t c = 0; c < cells.size(); ++c)
    widths_[c] = std::max(widths_[c], WidthOf(cells[c]));
}

std::size_t TableLayout::LineWidth(bool is_shrunk) const noexcept {
  std::size_t width = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (is_left_out_[c]) continue;
    const bool shrinks = is_shrunk && columns_[c].may_shrink && widths_[c] > kLeastShrunk;
    width += (width == 0 ? 0 : kGap) + (shrinks ? kLeastShrunk : widths_[c]);
  }
  return width;
}

bool TableLayout::LeaveOutOne() {
  std::size_t leaving = columns_.size();
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (is_left_out_[c] || columns_[c].leaves_first == 0) continue;
    if (leaving == columns_.size() || columns_[c].leaves_first > columns_[leaving].leaves_first) {
      leaving = c;
    }
  }
  if (leaving == columns_.size()) return false;
  is_left_out_[leaving] = true;
  return true;
}

void TableLayout::Fit(std::size_t columns) {
  most_columns_ = columns;
  if (columns == 0) return;
  while (LineWidth(true) > columns && LeaveOutOne()) {
  }
  Shrink(columns);
}

void TableLayout::Shrink(std::size_t columns) {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].may_shrink) widths_[c] = std::min(widths_[c], std::max(columns, kLeastShrunk));
  }
  while (LineWidth(false) > columns) {
    std::size_t* widest = nullptr;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (is_left_out_[c] || !columns_[c].may_shrink || widths_[c] <= kLeastShrunk) continue;
      if (widest == nullptr || widths_[c] > *widest) widest = &widths_[c];
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string TableLayout::TitleLine() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  return Line(titles);
}

std::string TableLayout::Line(const std::vector<std::string>& cells) const {
  assert(cells.size() == columns_.size());
  std::string line;
  bool is_first = true;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (is_left_out_[c]) continue;
    if (!std::exchange(is_first, false)) line.append(kGap, ' ');
    const bool is_short = !columns_[c].may_shrink || WidthOf(cells[c]) <= widths_[c];
    const std::string cell = is_short ? cells[c] : WithoutMiddle(cells[c], widths_[c]);
    line += Padded(cell, widths_[c], columns_[c].align);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  if (most_columns_ == 0 || WidthOf(line) <= most_columns_) return line;
  return std::string(Start(line, most_columns_ - 1)).append(kEllipsis);
}

Table::Table(std::vector<Column> columns) : layout_(std::move(columns)) {}

void Table::Add(std::vector<std::string> cells) {
  layout_.Measure(cells);
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out, std::size_t columns) const {
  TableLayout layout = layout_;
  layout.Fit(columns);
  out << layout.TitleLine() << '\n';
  for (const std::vector<std::string>& row : rows_) out << layout.Line(row) << '\n';
}

}  // namespace polyak::command
