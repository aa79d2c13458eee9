#include "provenance_text.h"

#include <gmock/gmock.h>

namespace polyak::command {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ProvenanceText, TellsHowACheckpointWasMade) {
  EXPECT_EQ(ProvenanceText(R"({"version":"0.1.0","method":"ema","options":{"decay":0.5},
                              "template":"b.h5","inputs":[
                              {"name":"a.h5","bytes":1,"weight":0.25,"hash":null},
                              {"name":"b.h5","bytes":1,"weight":0.75,"hash":""}]})"),
            "made by polyak 0.1.0: ema (decay 0.5) of 2 checkpoints\n"
            "  0.25                   a.h5\n"
            "  0.75                   b.h5  (template)");
}

TEST(ProvenanceText, OfWhatIsNoRecordIsThatMadePrintable) {
  for (const std::string record :
       {"\x1b[2Jnot json", "{", "[]", "17", R"({"method":17,"inputs":[]})", R"({"inputs":{}})",
        "{\"method\":\"\xff\",\"inputs\":[]}"}) {
    const std::string text = ProvenanceText(record);
    EXPECT_THAT(text, StartsWith("made by polyak: "));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
  }
}

TEST(ProvenanceText, EscapesWhatARecordSays) {
  const std::string text = ProvenanceText(
      R"({"method":"\u001b[2J","version":{},"options":{"\u001b":"\u009b\n"},"template":[],
          "inputs":[{"name":"\u001b\n","weight":"heavy"},5,null,{}]})");
  EXPECT_THAT(text, HasSubstr(R"(\x1b[2J)"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);  // one per input
}

TEST(ProvenanceText, SurvivesDepthAndSize) {
  const std::string deep(100000, '[');
  EXPECT_THAT(ProvenanceText(deep), StartsWith("made by polyak: [[["));
  const std::string balanced =
      R"({"method":"m","inputs":[)" + deep + std::string(deep.size(), ']') + "]}";
  EXPECT_THAT(ProvenanceText(balanced), StartsWith("made by polyak: {"));
  EXPECT_THAT(ProvenanceJson(balanced), StartsWith("\""));
  std::string many = R"({"method":"m","inputs":[1)";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  EXPECT_THAT(ProvenanceText(many + "]}"), HasSubstr("and 937 more"));
}

TEST(ProvenanceJson, IsTheObjectOrText) {
  EXPECT_EQ(ProvenanceJson(""), "null");
  EXPECT_EQ(ProvenanceJson(R"({ "method" : "ema" })"), R"({"method":"ema"})");
  EXPECT_EQ(ProvenanceJson("[1]"), R"("[1]")");
  EXPECT_EQ(ProvenanceJson("\xff\x1b"), R"("\ufffd\u001b")");
}

}  // namespace
}  // namespace polyak::command
