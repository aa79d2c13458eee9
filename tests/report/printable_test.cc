#include "report/printable.h"

#include <gtest/gtest.h>

namespace polyak {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(Printable("conv1.weight"), "conv1.weight");
  EXPECT_EQ(Printable("größe/重み/🙂"), "größe/重み/🙂");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(Printable("a\nb\r\t\x7f"), "a\\x0ab\\x0d\\x09\\x7f");
  EXPECT_EQ(Printable("c1 \xc2\x9b!"), "c1 \\xc2\\x9b!");
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "cba"),
            "\\xe2\\x80\\xaecba")
      << "right to left from here on";
  EXPECT_EQ(Printable("a\xe2\x80\x8b\xe2\x81\xa6\xef\xbb\xbf"),
            "a\\xe2\\x80\\x8b\\xe2\\x81\\xa6\\xef\\xbb\\xbf");
  EXPECT_EQ(Printable("\xe2\x80\x94\xe2\x82\xac"), "\xe2\x80\x94\xe2\x82\xac")
      << "a dash, a euro sign";
  EXPECT_EQ(Printable("a\\b"), "a\\\\b");
  EXPECT_EQ(PrintableMessage("a\\b\n"), "a\\b\\x0a");
}

TEST(Printable, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong slash";
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "past U+10FFFF";
}

TEST(BytesText, ChoosesTheUnit) {
  EXPECT_EQ(BytesText(1023), "1023 bytes");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(std::uint64_t{5} << 30), "5.0 GiB");
}

}  // namespace
}  // namespace polyak
