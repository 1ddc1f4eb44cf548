// Transfer encodings: whole, in pieces, broken, and back.
#include "server/message/transfer.h"

#include <gtest/gtest.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

struct Row {
  const char* what;
  std::string in;
  std::string out;
};

const std::vector<Row>& base64_rows() {
  static const std::vector<Row> rows = {
      {"nothing", "", ""},
      {"one octet", "QQ==", "A"},
      {"two octets", "QUI=", "AB"},
      {"three octets", "QUJD", "ABC"},
      {"no padding", "QUI", "AB"},
      {"lines", "QUJD\r\nREVG\r\n", "ABCDEF"},
      {"rubbish between", "Q*U-J D!", "ABC"},
      {"padding in the middle", "QQ==QUI=", "AAB"},
      {"one character alone", "Q", ""},
      {"only padding", "====", ""},
      {"8-bit rubbish", "\xFFQUJD\x80", "ABC"},
  };
  return rows;
}

const std::vector<Row>& quoted_printable_rows() {
  static const std::vector<Row> rows = {
      {"nothing", "", ""},
      {"plain", "a b c\r\n", "a b c\r\n"},
      {"octets", "=41=7a=C3=a4", "Az\xC3\xA4"},
      {"soft break", "a=\r\nb", "ab"},
      {"soft break with LF", "a=\nb", "ab"},
      {"soft break with white space", "a= \t\r\nb", "ab"},
      {"soft break with a lone CR", "a=\rb", "ab"},
      {"soft break at the end", "a=", "a"},
      {"white space at the end of a line", "a \t \r\nb", "a\r\nb"},
      {"white space at the very end", "a  ", "a"},
      {"white space inside stays", "a \t b", "a \t b"},
      {"no hexadecimal", "=ZZ=4", "=ZZ=4"},
      {"half an octet before a line end", "=4\r\nx", "=4\r\nx"},
      {"equal signs in a row", "==41", "=A"},
      {"white space behind an equal sign", "a= b", "a= b"},
      {"8-bit stays", "\xE4", "\xE4"},
      {"encoded white space at the end", "a=20\r\n", "a \r\n"},
  };
  return rows;
}

const std::vector<Row>& uuencode_rows() {
  static const std::vector<Row> rows = {
      {"nothing", "", ""},
      {"a file", "text before\r\nbegin 644 hello.txt\r\n-2&5L;&\\L('=O<FQD(0``\r\n`\r\nend\r\nbehind\r\n",
       "Hello, world!"},
      {"no end", "begin 644 x\n#0V%T", "Cat"},
      {"no begin", "#0V%T\n", ""},
      {"a line that claims too much", "begin 644 x\nM0V%T\nend\n", std::string("Cat")},
      {"backquotes and spaces", "begin 600 x\n!``  \nend\n", std::string(1, '\0')},
  };
  return rows;
}

TEST(Transfer, EachEncodingIsDecodedTolerantly) {
  for (const auto& [what, in, out] : base64_rows()) EXPECT_EQ(decode_base64(in), out) << what;
  for (const auto& [what, in, out] : quoted_printable_rows()) EXPECT_EQ(decode_quoted_printable(in), out) << what;
  for (const auto& [what, in, out] : uuencode_rows()) EXPECT_EQ(decode(Encoding::uuencode, in), out) << what;
  EXPECT_EQ(decode(Encoding::eight_bit, "=41"), "=41");
  EXPECT_EQ(decode_q("a_b=5F=zz="), "a b_=zz=");
}

TEST(Transfer, PiecesOfAnySizeGiveTheSameAsTheWhole) {
  for (std::size_t size = 1; size < 9; ++size) {
    for (const auto& [what, in, out] : base64_rows())
      EXPECT_TRUE(invariants::same_in_pieces(Encoding::base64, in, size)) << what << size;
    for (const auto& [what, in, out] : quoted_printable_rows()) {
      EXPECT_TRUE(invariants::same_in_pieces(Encoding::quoted_printable, in, size)) << what << size;
    }
    for (const auto& [what, in, out] : uuencode_rows())
      EXPECT_TRUE(invariants::same_in_pieces(Encoding::uuencode, in, size)) << what << size;
  }
}

TEST(Transfer, WhatIsEncodedReadsBackInShortLines) {
  std::string octets;
  for (int i = 0; i < 3000; ++i) octets += static_cast<char>(i * 7 + i / 256);
  for (std::size_t size = 0; size < octets.size(); size = size * 5 / 4 + 1) {
    const std::string_view in = std::string_view{octets}.substr(0, size);
    EXPECT_EQ(decode_base64(encode_base64(in)), in);
    EXPECT_EQ(decode_base64(encode_base64_line(in)), in);
    for (const std::string& written : {encode_base64(in), encode_quoted_printable(in)}) {
      for (std::size_t i = 0; i < written.size();) {
        const std::size_t end = std::min(written.find("\r\n", i), written.size());
        ASSERT_LE(end - i, 76U);
        i = end + 2;
      }
    }
  }
  for (const std::string text :
       {"", "a", "From me\r\n.\r\n", "tr\xC3\xA4iling \r\n \t", "= = =", "no line end", "\r\n\r\n"}) {
    EXPECT_EQ(decode_quoted_printable(encode_quoted_printable(text)), text);
  }
  EXPECT_EQ(encode_quoted_printable("a\nb"), "a\r\nb");
  EXPECT_EQ(encode_quoted_printable(".\nFrom x"), "=2E\r\n=46rom x");
}

TEST(Transfer, EncodingsHaveNames) {
  EXPECT_EQ(encoding_named(""), Encoding::seven_bit);
  EXPECT_EQ(encoding_named(" Base64\r\n"), Encoding::base64);
  EXPECT_EQ(encoding_named("QUOTED-PRINTABLE (sic)"), Encoding::quoted_printable);
  EXPECT_EQ(encoding_named("\"8bit\""), Encoding::eight_bit);
  EXPECT_EQ(encoding_named("binary;x"), Encoding::binary);
  EXPECT_EQ(encoding_named("x-uuencode"), Encoding::uuencode);
  EXPECT_EQ(encoding_named("utf-8"), Encoding::unknown);
}

}  // namespace
}  // namespace pennypost::message
