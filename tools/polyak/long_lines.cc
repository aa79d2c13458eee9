#include "long_lines.h"

#include <algorithm>
#include <string_view>

#include "table.h"

namespace polyak::command {

std::string WithoutLongLines(const std::string& text, std::size_t columns) {
  constexpr std::size_t kMostRows = 10;
  constexpr std::size_t kLeastColumns = 40;
  if (columns == 0) return text;
  const std::size_t most = kMostRows * std::max(columns, kLeastColumns);
  std::string fitting;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    fitting += WithoutMiddle(line, most);
    rest.remove_prefix(line.size());
    if (rest.empty()) break;
    fitting += '\n';
    rest.remove_prefix(1);
  }
  return fitting;
}

}  // namespace polyak::command
