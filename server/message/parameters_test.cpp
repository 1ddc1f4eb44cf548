// Content-Type and Content-Disposition, as written by the book and otherwise.
#include "server/message/parameters.h"

#include <gtest/gtest.h>

namespace pennypost::message {
namespace {

/// "type/subtype; name=value; ..." with decoded values, or "(none)".
std::string read(std::string_view value) {
  const auto type = parse_content_type(value);
  if (!type) return "(none)";
  std::string out = type->type + "/" + type->subtype;
  for (const Parameter& one : type->parameters) out += "; " + one.name + (one.extended ? "*" : "") + "=" + one.value;
  return out;
}

struct Row {
  const char* what;
  const char* in;
  const char* out;
};

TEST(Parameters, AreReadByTheBook) {
  for (const auto& [what, in, out] : {
           Row{"plain", " text/plain", "text/plain"},
           Row{"one", "text/plain; charset=utf-8", "text/plain; charset=utf-8"},
           Row{"quoted", "a/b; x=\"1; 2\"; y=3", "a/b; x=1; 2; y=3"},
           Row{"escaped", R"(a/b; x="say \"hi\" \\ there")", R"(a/b; x=say "hi" \ there)"},
           Row{"folded", "multipart/mixed;\r\n\tboundary=\"a b\"", "multipart/mixed; boundary=a b"},
           Row{"comment (RFC 2045 5.1)", "text/plain; charset=us-ascii (Plain text)", "text/plain; charset=us-ascii"},
           Row{"comments everywhere", "(a)text(b)/(c)plain(d);(e)x(f)=(g)y(h)", "text/plain; x=y(h)"},
           Row{"fold inside quotes", "a/b; x=\"1\r\n 2\"", "a/b; x=1 2"},
           Row{"other marks", "application/vnd.x+json; q=a.b_c-d", "application/vnd.x+json; q=a.b_c-d"},
       }) {
    EXPECT_EQ(read(in), out) << what;
  }
}

TEST(Parameters, AreReadAsProgramsWriteThem) {
  for (const auto& [what, in, out] : {
           Row{"spaces in a bare value", "a/b; name=my file.pdf; x=y", "a/b; name=my file.pdf; x=y"},
           Row{"parentheses in a bare value", "a/b; name=my file (1).pdf", "a/b; name=my file (1).pdf"},
           Row{"no semicolon", "text/plain charset=utf-8 format=flowed", "text/plain; charset=utf-8; format=flowed"},
           Row{"semicolons in a row", "text/plain;; ;charset=x;", "text/plain; charset=x"},
           Row{"no closing quote", "a/b; name=\"open", "a/b; name=open"},
           Row{"rubbish behind the quotes", "a/b; name=\"x\"y; z=1", "a/b; name=x; z=1"},
           Row{"a Windows path", R"(a/b; name="C:\temp\new.txt")", R"(a/b; name=C:\temp\new.txt)"},
           Row{"a word without value", "a/b; attachment; x=y", "a/b; x=y"},
           Row{"spaces around the sign", "a/b; x = y", "a/b; x=y"},
           Row{"an empty value", "a/b; x=; y=1", "a/b; x=; y=1"},
           Row{"a base64 boundary", "multipart/mixed; boundary=AbC+/=", "multipart/mixed; boundary=AbC+/="},
           Row{"8-bit", "a/b; name=\"\xC3\xA4\"", "a/b; name=\xC3\xA4"},
       }) {
    EXPECT_EQ(read(in), out) << what;
  }
}

TEST(Parameters, SenselessTypesAreNone) {
  for (const char* in : {"", " ", "text", "/plain", "text/", ";x=y", "(", "\"text/plain\"", "text plain"})
    EXPECT_EQ(read(in), "(none)") << in;
}

TEST(Parameters, ContinuationsAreJoined) {
  for (const auto& [what, in, out] : {
           Row{"plain pieces", "a/b; url*0=\"ftp://\"; url*1=\"x.example\"", "a/b; url=ftp://x.example"},
           Row{"out of order", "a/b; n*1=b; n*0=a; n*2=c", "a/b; n=abc"},
           Row{"a gap ends it", "a/b; n*0=a; n*2=c", "a/b; n=a"},
           Row{"extended pieces", "a/b; t*0*=us-ascii'en'This%20is; t*1*=%20%2A; t*2=\" it's\"",
               "a/b; t*=us-ascii'en'This%20is%20%2A%20it%27s"},
           Row{"extended alone", "a/b; n*=utf-8''%E2%82%AC", "a/b; n*=utf-8''%E2%82%AC"},
           Row{"both forms stay", "a/b; n=plain; n*=utf-8''x", "a/b; n=plain; n*=utf-8''x"},
           Row{"no first piece", "a/b; n*1=b", "a/b"},
       }) {
    EXPECT_EQ(read(in), out) << what;
  }
}

TEST(Parameters, AreDecodedToUtf8) {
  for (const auto& [what, in, out] : {
           Row{"RFC 2231 example",
               "a/b; t*0*=us-ascii'en'This%20is%20even%20more%20; t*1*=%2A%2A%2Afun%2A%2A%2A%20; t*2=\"isn't it!\"",
               "This is even more ***fun*** isn't it!"},
           Row{"Latin-1", "a/b; t*=iso-8859-1''na%EFve", "na\xC3\xAFve"},
           Row{"no charset", "a/b; t*=''na%C3%AFve", "na\xC3\xAFve"},
           Row{"no apostrophes", "a/b; t*=a%20b", "a b"},
           Row{"a broken percent sign", "a/b; t*=utf-8''100%", "100%"},
           Row{"the extended form wins", "a/b; t=plain; t*=utf-8''better", "better"},
           Row{"an encoded word", "a/b; t=\"=?iso-8859-1?Q?=DCber?=\"",
               "\xC3\x9C"
               "ber"},
           Row{"raw Latin-1", "a/b; t=\"\xDC\"", "\xC3\x9C"},
       }) {
    const auto type = parse_content_type(in);
    ASSERT_TRUE(type) << what;
    EXPECT_EQ(parameter(type->parameters, "T").value_or("(none)"), out) << what;
  }
  EXPECT_FALSE(parameter({}, "x"));
}

TEST(Parameters, WhatIsWrittenReadsBack) {
  const std::string longest(300, 'x');
  for (const std::string& value : {std::string{"report.pdf"}, std::string{"a \"b\" \\ c;d"},
                                   std::string{"\xC3\xA4\xE2\x82\xAC \xF0\x9F\x98\x80.txt"}, longest,
                                   longest + "\xC3\xA4" + longest, std::string{}}) {
    const auto disposition = parse_disposition("attachment" + write_parameter("filename", value));
    ASSERT_TRUE(disposition);
    EXPECT_EQ(parameter(disposition->parameters, "filename"), value);
  }
  EXPECT_EQ(write_parameter("name", "a\r\nB: c"), ";\r\n name=\"a  B: c\"");
  const std::string written = "attachment" + write_parameter("filename", longest + "\xC3\xA4");
  for (std::size_t i = 0; i < written.size();) {
    const std::size_t end = std::min(written.find("\r\n", i), written.size());
    EXPECT_LE(end - i, 100U) << written.substr(i, end - i);
    i = end + 2;
  }
}

}  // namespace
}  // namespace pennypost::message
