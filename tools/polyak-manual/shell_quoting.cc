#include "shell_quoting.h"

#include <algorithm>

namespace polyak::manual {

std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::vector<command::OptionDescription> AllOptions(const command::CommandDescription& command) {
  std::vector<command::OptionDescription> options;
  for (const command::OptionGroup& group : command.groups) {
    options.insert(options.end(), group.options.begin(), group.options.end());
  }
  return options;
}

std::string Brief(const std::string& text) {
  constexpr std::size_t kLeast = 12;  // "ema: the decay" is whole
  constexpr std::size_t kLong = 60;
  std::size_t end = std::min(text.size(), text.find('\n'));
  if (end <= kLong) return text.substr(0, end);
  for (const std::string_view mark : {": ", "; ", ". ", " ("}) {
    end = std::min(end, text.find(mark, kLeast));
  }
  return text.substr(0, end);
}

}  // namespace polyak::manual
