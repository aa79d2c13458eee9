#include "man_page.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace polyak::manual {
namespace {

using command::ArgumentDescription;
using command::CommandDescription;
using command::OptionDescription;
using command::OptionGroup;
using command::Section;

// Text that roff prints as it is. Its minus signs, quotes and carets stay those of ASCII, for they
// are to be copied.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\': escaped += "\\e"; break;
      case '-': escaped += "\\-"; break;
      case '\'': escaped += "\\(aq"; break;
      case '"': escaped += "\\(dq"; break;
      case '`': escaped += "\\(ga"; break;
      case '^': escaped += "\\(ha"; break;
      case '~': escaped += "\\(ti"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

// A whole line of text: a dot at its start would be a request. (A quote there is escaped already.)
std::string Line(std::string_view text) {
  return (text.starts_with('.') ? "\\&" : "") + Escaped(text) + "\n";
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }
std::string Reference(const CommandDescription& command) {
  return "\\fB" + Escaped(PageName(command)) + "\\fR(1)";
}

std::string UpperCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// "Average two checkpoints." as whatis has it: "average two checkpoints".
std::string Purpose(std::string summary) {
  if (summary.ends_with('.')) summary.pop_back();
  const bool is_word = summary.size() > 1 && std::islower(static_cast<unsigned char>(summary[1]));
  if (is_word) summary[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(summary[0])));
  return summary;
}

std::string Sentence(const std::string& text) { return text.ends_with('.') ? text : text + "."; }

std::string Entry(const std::string& tag, std::string_view text) {
  return ".TP\n" + tag + "\n" + Line(text);
}

std::string Heading(std::string_view name) { return ".SH " + std::string(name) + "\n"; }

// A part of a usage line: names in lower case and options are typed, the rest is replaced.
std::string UsagePart(const std::string& part) {
  const std::size_t space = part.find(' ');
  if (part.starts_with('-') && space != part.npos) {
    return Bold(part.substr(0, space)) + "\\ " + Italic(part.substr(space + 1));
  }
  const bool is_optional = part.starts_with('[');
  const std::size_t start = is_optional ? 1 : 0;
  const std::size_t end = part.find_first_of(".]", start);
  const std::string name = part.substr(start, end - start);
  const std::string rest = end == part.npos ? "" : part.substr(end);
  return (is_optional ? "[" : "") + (name.empty() ? "" : Italic(name)) +
         (name.empty() && !is_optional ? "\\&" : "") + rest;
}

std::string Synopsis(const CommandDescription& command) {
  std::string text = Heading("SYNOPSIS") + Bold(FullName(command));
  for (const std::string& part : command::Usage(command)) text += "\n" + UsagePart(part);
  return text + "\n";
}

std::string Description(const CommandDescription& command) {
  std::string text = Heading("DESCRIPTION") + Line(Sentence(command.summary));
  for (const std::string& paragraph : command.paragraphs) text += ".PP\n" + Line(paragraph);
  for (const Section& section : command.sections) {
    if (!section.heading.empty()) continue;
    text += ".PP\n";
    for (const std::string& line : section.lines) text += Line(line);
  }
  return text;
}

std::string Commands(const CommandDescription& command) {
  if (command.subcommands.empty()) return "";
  std::string text = Heading("COMMANDS");
  for (const CommandDescription& subcommand : command.subcommands) {
    text += Entry(Reference(subcommand), Sentence(subcommand.summary));
  }
  return text;
}

std::string Arguments(const CommandDescription& command) {
  if (command.arguments.empty()) return "";
  std::string text = Heading("ARGUMENTS");
  for (const ArgumentDescription& argument : command.arguments) {
    text += Entry(Italic(argument.value.name) + (argument.is_repeated ? "..." : ""),
                  Sentence(argument.text));
  }
  return text;
}

std::string Tag(const OptionDescription& option) {
  std::string tag;
  for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + Bold(name);
  return option.value.name.empty() ? tag : tag + " " + Italic(option.value.name);
}

std::string Options(const CommandDescription& command) {
  std::string text = Heading("OPTIONS");
  for (const OptionGroup& group : command.groups) {
    if (command.groups.size() > 1) text += ".SS " + Escaped(group.heading) + "\n";
    for (const OptionDescription& option : group.options) {
      text += Entry(Tag(option), Sentence(FullText(option)));
    }
  }
  return text;
}

// Lines that are to be typed, as they are.
std::string Verbatim(const Section& section) {
  std::string text = ".PP\n.nf\n.RS\n";
  for (const std::string& line : section.lines) text += Line(line);
  return text + ".RE\n.fi\n";
}

// Lines of a term, two spaces or more, and what it means.
std::string List(const Section& section) {
  std::string text;
  for (const std::string& line : section.lines) {
    const std::size_t end = std::min(line.find("  "), line.size());
    const std::size_t start = std::min(line.find_first_not_of(' ', end), line.size());
    text += ".TP\n" + Bold(line.substr(0, end)) + "\n" + Line(Sentence(line.substr(start)));
  }
  return text;
}

bool IsList(const Section& section) {
  for (const std::string& line : section.lines) {
    const std::size_t gap = line.find("  ");
    if (gap == 0 || gap == line.npos) return false;
  }
  return true;
}

std::string HeadedSection(const Section& section) {
  return Heading("\"" + UpperCase(section.heading) + "\"") +
         (IsList(section) ? List(section) : Verbatim(section));
}

// The exit status before the examples, as manual pages have them.
std::string HeadedSections(const CommandDescription& command, const CommandDescription& program) {
  constexpr std::string_view kExitStatus = "Exit status";
  const Section* exit_status = FindSection(command, kExitStatus);
  if (exit_status == nullptr) exit_status = FindSection(program, kExitStatus);
  std::string text = exit_status == nullptr ? "" : HeadedSection(*exit_status);
  for (const Section& section : command.sections) {
    if (section.heading.empty() || section.heading == kExitStatus) continue;
    text += HeadedSection(section);
  }
  return text;
}

std::string SeeAlso(const CommandDescription& command, const CommandDescription& program) {
  std::string references;
  const auto add = [&](const CommandDescription& other) {
    if (other.name == command.name) return;
    references += (references.empty() ? "" : ",\n") + Reference(other);
  };
  add(program);
  for (const CommandDescription& subcommand : program.subcommands) add(subcommand);
  return references.empty() ? "" : Heading("\"SEE ALSO\"") + references + "\n";
}

}  // namespace

std::string PageName(const CommandDescription& command) {
  return command.program.empty() ? command.name : command.program + "-" + command.name;
}

std::string ManPage(const CommandDescription& command, const CommandDescription& program,
                    std::string_view version) {
  const std::string name = PageName(command);
  return ".TH " + Escaped(UpperCase(name)) + " 1 \"\" \"" + program.name + " " +
         std::string(version) + "\" \"User Commands\"\n" +
         // No hyphens and no stretched lines: names are to be found and copied.
         ".nh\n.ad l\n" + Heading("NAME") + Escaped(name) + " \\- " +
         Escaped(Purpose(command.summary)) + "\n" + Synopsis(command) + Description(command) +
         Commands(command) + Arguments(command) + Options(command) +
         HeadedSections(command, program) + SeeAlso(command, program);
}

}  // namespace polyak::manual
