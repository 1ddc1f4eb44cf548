// Decoded text, attachments, URLs, search text.
#include "server/message/text.h"

#include <fstream>

#include <gmock/gmock.h>

#include "server/base/text.h"

namespace pennypost::message {
namespace {

using testing::ElementsAre;

std::string stored(const std::string& name) {
  std::ifstream file{PENNYPOST_TESTDATA "/messages/" + name + ".eml", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

struct Row {
  const char* name;
  std::uint32_t part;
  const char* text;
};

TEST(Text, OfAPartHasNeitherEncodingNorCharset) {
  for (const auto& [name, part, text] : {
           Row{"quoted-printable", 0,
               "Caf\xC3\xA9 costs 3\xE2\x82\xAC, a soft break,\r\nan equal sign =, a mistake =ZZ and one at the end "},
           Row{"iso-2022-jp", 0,
               "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE3\x81\xAE\xE6\x9C\xAC\xE6\x96\x87\xE3\x81\xA7\xE3\x81\x99\xE3"
               "\x80\x82\r\n"},
           Row{"gb2312", 0, "\xE4\xB8\xAD\xE6\x96\x87\xE6\x9C\xB1\xE9\x95\x95\xE5\x9F\xBA\r\n"},
           Row{"koi8-r", 0, "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, \xD0\xBC\xD0\xB8\xD1\x80\r\n"},
           Row{"utf16-base64", 0, "<p>sixteen bits: \xC3\xA4 \xE2\x82\xAC</p>"},
           Row{"unknown-charset", 0,
               "Gr\xC3\xBC\xC3\x9F"
               "e\r\n"},
           Row{"wrong-charset", 1, "na\xC3\xAFve"},
           Row{"wrong-charset", 2, "na\xC3\xAFve"},
           Row{"attachment", 2, ""},
           Row{"attachment", 0, ""},
       }) {
    const std::string raw = stored(name);
    EXPECT_EQ(text_of(parse(raw), part), text) << name << " " << part;
  }
}

TEST(Text, OfHtmlWithoutCharsetFollowsItsMetaElement) {
  const std::string raw = stored("html-only");
  EXPECT_EQ(readable_text(parse(raw), 1000),
            "P\xC5\x99\xC3\xADli\xC5\xA1 \xC5\xBElu\xC5\xA5ou\xC4\x8Dk\xC3\xBD\nline two");
}

TEST(Text, OctetsAreWhatWouldBeSavedToAFile) {
  const std::string raw = stored("uuencoded");
  EXPECT_EQ(octets_of(parse(raw), 0), "Hello, world!");
  EXPECT_EQ(octets_of(parse(raw), 0, 5), "Hello");
  const std::string attached = stored("attachment");
  EXPECT_EQ(octets_of(parse(attached), 2).size(), 515U);
}

TEST(Text, ThatAPersonReadsIsThePlainAlternative) {
  const std::string alternative = stored("alternative");
  EXPECT_EQ(readable_text(parse(alternative), 1000), "Hello in plain text: https://example.com/plain");
  const std::string related = stored("related");
  EXPECT_EQ(readable_text(parse(related), 1000), "Plain words");
  EXPECT_EQ(readable_text(parse(related), 5), "Plain");
  const std::string nested = stored("nested");
  EXPECT_EQ(readable_text(parse(nested), 1000), "one\ntwo\nthree\nfour");
  const std::string only_html =
      "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: "
      "text/html\r\n\r\n<b>h</b>\r\n--x--\r\n";
  EXPECT_EQ(readable_text(parse(only_html), 1000), "h");
}

struct NameRow {
  const char* message;
  std::vector<std::string> names;
  bool any;
};

TEST(Attachments, HaveTheirDecodedNames) {
  for (const auto& [name, names, any] : {
           NameRow{"plain", {}, false},
           NameRow{"alternative", {}, false},
           NameRow{"attachment", {"report.pdf"}, true},
           NameRow{"related", {"pic.png"}, false},
           NameRow{"forwarded", {"original.eml", "dot.gif"}, true},
           NameRow{"rfc2231",
                   {"na\xC3\xAFve \xE2\x82\xAC.txt", "long name.bin",
                    "\xC3\x9C"
                    "bersicht.doc",
                    "C:\\temp\\new.txt"},
                   true},
           NameRow{"apple-inline-pdf", {"plan.pdf"}, true},
           NameRow{"delivery-report", {""}, false},
           NameRow{"signed", {"signature.asc"}, true},
           NameRow{"encoded-message", {"inner.eml", ""}, true},
       }) {
    const std::string raw = stored(name);
    const Message message = parse(raw);
    std::vector<std::string> found;
    for (const Attachment& attachment : attachments(message)) found.push_back(attachment.name);
    EXPECT_EQ(found, names) << name;
    EXPECT_EQ(has_attachments(message), any) << name;
  }
}

TEST(Attachments, SayWhatTheyAre) {
  const std::string raw = stored("related");
  const auto list = attachments(parse(raw));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].part, 4U);
  EXPECT_EQ(list[0].type, "image/png");
  EXPECT_TRUE(list[0].is_inline);
  EXPECT_FALSE(list[0].declared);
  EXPECT_EQ(list[0].octets, 98U);
}

TEST(SearchText, HoldsHeadersTextsAndFileNamesWithoutCase) {
  const std::string raw = stored("related");
  EXPECT_EQ(search_text(parse(raw), SearchText::body, 10'000), "plain words\ngr\xC3\xBCsse\npic.png\n");
  const std::string all = search_text(parse(raw), SearchText::headers_and_body, 10'000);
  EXPECT_NE(all.find("from: ann example <ann@example.com>\n"), std::string::npos) << all;
  const std::string forwarded = stored("forwarded");
  const std::string inside = search_text(parse(forwarded), SearchText::body, 10'000);
  EXPECT_NE(inside.find("subject: the original\n"), std::string::npos) << inside;
  EXPECT_NE(inside.find("inner text\n"), std::string::npos);
  EXPECT_NE(inside.find("original.eml\n"), std::string::npos);
  EXPECT_EQ(search_text(parse(forwarded), SearchText::headers_and_body, 7).size(), 7U);
}

TEST(Urls, AreFoundInPlainTextAndInLinks) {
  const std::string raw = stored("alternative");
  EXPECT_THAT(urls(parse(raw), 10'000), ElementsAre("https://example.com/plain", "https://example.com/html?a=1&b=2"));
}

struct UrlRow {
  const char* text;
  std::vector<std::string> urls;
};

TEST(Urls, EndWhereTheSentenceGoesOn) {
  for (const auto& [text, expected] : {
           UrlRow{"see http://a.example/x.", {"http://a.example/x"}},
           UrlRow{"(http://a.example/x)", {"http://a.example/x"}},
           UrlRow{"http://a.example/x_(y)", {"http://a.example/x_(y)"}},
           UrlRow{"<HTTPS://a.example>, www.b.example!", {"HTTPS://a.example", "www.b.example"}},
           UrlRow{"mailto:a@b.example?subject=x ftp://c/d", {"mailto:a@b.example?subject=x", "ftp://c/d"}},
           UrlRow{"xhttp://a.example", {"http://a.example"}},
           UrlRow{"twice http://a http://a", {"http://a"}},
           UrlRow{"http:// www. mailto: a:b ://x", {}},
           UrlRow{"awww.b.example a@www.c.example", {}},
           UrlRow{"\"http://a.example/\xC3\xA4\"", {"http://a.example/\xC3\xA4"}},
       }) {
    std::vector<std::string> found;
    find_urls(text, found);
    EXPECT_EQ(found, expected) << text;
  }
}

}  // namespace
}  // namespace pennypost::message
