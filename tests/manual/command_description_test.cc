// What is read out of a definition, and written of it, for things that polyak's own need not have.
#include "command_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "bash_completion.h"
#include "fish_completion.h"
#include "help_format.h"
#include "man_page.h"
#include "zsh_completion.h"

namespace polyak::command {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Definition : public ::testing::Test {
 protected:
  Definition() {
    app_.name("tool");
    app_.description("Does \\things: .all");
    work_ = app_.add_subcommand("work", "Do it\n\nOne\nparagraph.\n\n.Another 'one'.");
    work_->footer("Just prose.\n\nExamples:\n  tool work x\n\nExit status:\n  0  done\n  7  not");
  }

  CLI::Option* Add(const std::string& names, const std::string& text = "Some text") {
    return work_->add_option(names, value_, text);
  }
  CommandDescription Work() { return Describe(app_).subcommands.at(0); }
  OptionDescription LastOption() { return Work().groups.back().options.back(); }

  ValueDescription ValueNamed(const std::string& type) {
    Add("--option")->type_name(type);
    return LastOption().value;
  }

  CLI::App app_;
  CLI::App* work_ = nullptr;
  std::string value_;
  bool flag_ = false;
};

TEST_F(Definition, HasASummaryAndParagraphs) {
  EXPECT_EQ(Work().summary, "Do it");
  EXPECT_THAT(Work().paragraphs, ElementsAre("One paragraph.", ".Another 'one'."));
}

TEST_F(Definition, HasSectionsWithAndWithoutHeadings) {
  const std::vector<Section> sections = Work().sections;
  ASSERT_THAT(sections, SizeIs(3));
  EXPECT_EQ(sections[0].heading, "");
  EXPECT_THAT(sections[0].lines, ElementsAre("Just prose."));
  EXPECT_EQ(sections[1].heading, "Examples");
  EXPECT_THAT(sections[1].lines, ElementsAre("tool work x"));
  EXPECT_THAT(FindSection(Work(), "Exit status")->lines, ElementsAre("0  done", "7  not"));
}

TEST_F(Definition, TellsFromAValuesNameWhatCanBeTyped) {
  EXPECT_TRUE(ValueNamed("FILE").is_file);
  EXPECT_FALSE(LastOption().value.is_folder);
}

TEST_F(Definition, TellsFoldersFromFiles) {
  EXPECT_TRUE(ValueNamed("FOLDER").is_folder);
  EXPECT_FALSE(LastOption().value.is_file);
}

TEST_F(Definition, TakesWordsFromAValuesName) {
  EXPECT_THAT(ValueNamed("first|last|PATH").words, ElementsAre("first", "last"));
  EXPECT_TRUE(LastOption().value.is_file);
  EXPECT_EQ(FullText(LastOption()), "Some text");
}

TEST_F(Definition, TakesWordsFromAValidator) {
  Add("--option")->check(CLI::IsMember({"one", "two"}))->type_name("WHICH");
  EXPECT_EQ(LastOption().value.name, "WHICH");
  EXPECT_THAT(LastOption().value.words, ElementsAre("one", "two"));
  EXPECT_EQ(FullText(LastOption()), "Some text (one of one, two)");
}

TEST_F(Definition, TakesWordsOnceFromNameAndValidator) {
  Add("--option", "Some text")->check(CLI::IsMember({"error", "keep"}))->type_name("error|keep");
  EXPECT_EQ(LastOption().value.name, "error|keep");
  EXPECT_THAT(LastOption().value.words, ElementsAre("error", "keep"));
  EXPECT_THAT(manual::FishCompletion(Describe(app_)), HasSubstr("-a 'error keep'"));
}

TEST_F(Definition, DescribedWordsAcceptEverything) {
  Add("--option")->check(Described({"one", "two"}))->type_name("WHICH");
  EXPECT_THAT(LastOption().value.words, ElementsAre("one", "two"));
  app_.parse("work --option three");
  EXPECT_EQ(value_, "three");
}

TEST_F(Definition, KeepsGroupsInOrderAndTheGeneralOneLast) {
  Add("--a")->group("Second");
  Add("--b")->group("First");
  Add("--hidden")->group("");
  std::vector<std::string> headings;
  for (const OptionGroup& group : Work().groups) headings.push_back(group.heading);
  EXPECT_THAT(headings, ElementsAre("Second", "First", "Options"));
  const std::string page = manual::ManPage(Work(), Describe(app_), "1");
  EXPECT_THAT(page, HasSubstr(".SS Second\n.TP\n\\fB\\-\\-a\\fR"));
  EXPECT_THAT(HelpText(Work()), HasSubstr("\n\nFirst:\n      --b TEXT  Some text\n"));
  EXPECT_THAT(page + HelpText(Work()) + manual::BashCompletion(Describe(app_)),
              Not(HasSubstr("hidden")));
}

TEST_F(Definition, FlagsHaveNoValue) {
  work_->add_flag("-x,--flag", flag_, "A flag");
  EXPECT_EQ(LastOption().value.name, "");
  EXPECT_THAT(LastOption().value.words, IsEmpty());
  EXPECT_THAT(LastOption().names, ElementsAre("-x", "--flag"));
}

TEST_F(Definition, ArgumentsAreFilesUnlessTheySayOtherwise) {
  Add("INPUT");
  EXPECT_TRUE(Work().arguments.at(0).value.is_file);
  EXPECT_THAT(Usage(Work()), ElementsAre("[OPTIONS]", "INPUT"));
}

TEST_F(Definition, RequiredOptionsAreInTheUsage) {
  Add("-o,--out")->required()->type_name("FILE");
  EXPECT_THAT(Usage(Work()), ElementsAre("[OPTIONS]", "-o FILE"));
}

TEST_F(Definition, ManPageEscapesWhatRoffWouldRead) {
  Add("--option", ".it's a \\n");
  const std::string page = manual::ManPage(Work(), Describe(app_), "1");
  EXPECT_THAT(page, HasSubstr("\n\\&.it\\(aqs a \\en.\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&.Another \\(aqone\\(aq.\n"));
  EXPECT_THAT(manual::ManPage(Describe(app_), Describe(app_), "1"), HasSubstr("Does \\ethings"));
}

TEST_F(Definition, CompletionsQuoteWhatShellsWouldRead) {
  Add("--option", "it's [a]: $HOME")->type_name("N");
  EXPECT_THAT(manual::ZshCompletion(Describe(app_)),
              HasSubstr("'(--option)--option=[it'\\''s \\[a\\]\\: $HOME]:N:'"));
  EXPECT_THAT(manual::FishCompletion(Describe(app_)),
              HasSubstr("-l option -x -d 'it\\'s [a]: $HOME'"));
}

TEST_F(Definition, HelpWrapsAtTheColumnsOfATerminal) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word ";
  Add("--option", text);
  Add("--an-option-with-a-very-long-name", "Short")->type_name("NAME");
  std::istringstream lines(HelpText(Work()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_THAT(
      HelpText(Work()),
      HasSubstr("      --an-option-with-a-very-long-name NAME\n                     Short\n"));
}

}  // namespace
}  // namespace polyak::command
