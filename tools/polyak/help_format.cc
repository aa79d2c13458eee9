#include "help_format.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace polyak::command {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kWidestName = 24;  // what has a longer one is explained on the next line

// The words, and line breaks between them: the text starts in column `column` of its line, and each
// line after it is indented by `indent`.
std::string Wrapped(const std::vector<std::string>& words, std::size_t column, std::size_t indent) {
  std::string text;
  bool starts_line = true;
  for (const std::string& word : words) {
    if (!starts_line && column + 1 + word.size() > kColumns) {
      text += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!starts_line) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
    starts_line = false;
  }
  return text;
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

struct Row {
  std::string name;
  std::string text;
};

struct Table {
  std::string heading;
  std::vector<Row> rows;
};

// "-o, --output FILE"; what has no short name starts where the long ones do.
std::string NameOf(const OptionDescription& option) {
  const bool has_short_name = !option.names.front().starts_with("--");
  std::string name = has_short_name ? "" : "    ";
  for (std::size_t i = 0; i < option.names.size(); ++i)
    name += (i > 0 ? ", " : "") + option.names[i];
  return option.value.name.empty() ? name : name + " " + option.value.name;
}

std::vector<Table> TablesOf(const CommandDescription& command) {
  std::vector<Table> tables(2);
  tables[0].heading = "Commands";
  for (const CommandDescription& subcommand : command.subcommands) {
    tables[0].rows.push_back({subcommand.name, subcommand.summary});
  }
  tables[1].heading = "Arguments";
  for (const ArgumentDescription& argument : command.arguments) {
    const std::string name = argument.value.name + (argument.is_repeated ? "..." : "");
    tables[1].rows.push_back({name, argument.text});
  }
  for (const OptionGroup& group : command.groups) {
    Table& table = tables.emplace_back(Table{.heading = group.heading, .rows = {}});
    for (const OptionDescription& option : group.options) {
      table.rows.push_back({NameOf(option), FullText(option)});
    }
  }
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

// Where the second column starts: the same in all tables.
std::size_t TextColumn(const std::vector<Table>& tables) {
  std::size_t widest = 0;
  for (const Table& table : tables) {
    for (const Row& row : table.rows) {
      if (row.name.size() <= kWidestName) widest = std::max(widest, row.name.size());
    }
  }
  return 2 + widest + 2;
}

std::string TextOf(const Table& table, std::size_t text_column) {
  std::string text = table.heading + ":\n";
  for (const Row& row : table.rows) {
    std::string line = "  " + row.name;
    if (line.size() + 2 > text_column) {
      text += std::exchange(line, "") + "\n";
    }
    line.resize(text_column, ' ');
    text += line + Wrapped(Words(row.text), text_column, text_column) + "\n";
  }
  return text;
}

std::string TextOf(const Section& section) {
  std::string text;
  const bool is_prose = section.heading.empty();
  if (!is_prose) text = section.heading + ":\n";
  for (const std::string& line : section.lines) text += (is_prose ? "" : "  ") + line + "\n";
  return text;
}

}  // namespace

std::string HelpText(const CommandDescription& command) {
  const std::string usage = "Usage: " + FullName(command);
  std::string text = Wrapped(Words(command.summary), 0, 0) + "\n";
  for (const std::string& paragraph : command.paragraphs) {
    text += "\n" + Wrapped(Words(paragraph), 0, 0) + "\n";
  }
  std::vector<std::string> parts = Usage(command);
  parts.insert(parts.begin(), usage);
  text += "\n" + Wrapped(parts, 0, usage.size() + 1) + "\n";
  const std::vector<Table> tables = TablesOf(command);
  const std::size_t text_column = TextColumn(tables);
  for (const Table& table : tables) text += "\n" + TextOf(table, text_column);
  for (const Section& section : command.sections) text += "\n" + TextOf(section);
  return text;
}

}  // namespace polyak::command
