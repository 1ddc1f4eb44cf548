// The parser: what becomes a part, where it begins and ends.
#include "server/message/parse.h"

#include <fstream>

#include <gmock/gmock.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

using testing::ElementsAre;

std::string stored(const std::string& name) {
  std::ifstream file{PENNYPOST_TESTDATA "/messages/" + name + ".eml", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The tree on one line: "multipart/mixed(text/plain text/html)".
std::string shape(const Message& message, std::uint32_t part = 0) {
  const ContentType& type = message.parts[part].type;
  std::string out = type.type + "/" + type.subtype;
  if (message.parts[part].opaque) out += "!";
  const auto& parts = message.tree.parts;
  if (parts[part].kind == PartKind::leaf) return out;
  out += "(";
  for (std::uint32_t child = part + 1; child < parts[part].after; child = parts[child].after) {
    if (out.back() != '(') out += " ";
    out += shape(message, child);
  }
  return out + ")";
}

/// The bodies of all leaves.
std::vector<std::string> leaves(const Message& message) {
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < message.parts.size(); ++i) {
    if (message.tree.parts[i].kind == PartKind::leaf) out.emplace_back(message.body(i));
  }
  return out;
}

struct ShapeRow {
  const char* name;
  const char* shape;
};

TEST(Parse, EachMessageOfTestdataHasItsTree) {
  for (const auto& [name, expected] : {
           ShapeRow{"plain", "text/plain"},
           ShapeRow{"empty", "text/plain"},
           ShapeRow{"header-only", "text/plain"},
           ShapeRow{"alternative", "multipart/alternative(text/plain text/html)"},
           ShapeRow{"attachment", "multipart/mixed(text/plain application/pdf)"},
           ShapeRow{"related", "multipart/alternative(text/plain multipart/related(text/html image/png))"},
           ShapeRow{"nested",
                    "multipart/mixed(multipart/mixed(multipart/mixed(multipart/parallel(text/plain text/plain) "
                    "text/plain)) text/plain)"},
           ShapeRow{"digest", "multipart/digest(message/rfc822(text/plain) message/rfc822(text/plain) text/plain)"},
           ShapeRow{"forwarded", "multipart/mixed(text/plain message/rfc822(multipart/mixed(text/plain image/gif)))"},
           ShapeRow{"message-in-message", "message/rfc822(message/rfc822(text/plain))"},
           ShapeRow{"no-closing-boundary", "multipart/mixed(multipart/alternative(text/plain text/html) text/plain)"},
           ShapeRow{"no-boundary-parameter", "multipart/mixed(text/plain)"},
           ShapeRow{"boundary-never-seen", "multipart/mixed(text/plain)"},
           ShapeRow{"boundary-prefixes",
                    "multipart/mixed(multipart/mixed(text/plain) multipart/mixed(multipart/mixed(text/plain)))"},
           ShapeRow{"same-boundary", "multipart/mixed(multipart/mixed(text/plain) text/plain)"},
           ShapeRow{"empty-parts", "multipart/mixed(text/plain text/html text/plain text/plain)"},
           ShapeRow{"header-cut-by-boundary", "multipart/mixed(multipart/mixed(text/plain))"},
           ShapeRow{"bare-lf", "multipart/mixed(text/plain text/plain)"},
           ShapeRow{"mixed-line-ends", "multipart/mixed(text/plain text/plain)"},
           ShapeRow{"encoded-message", "multipart/mixed(message/rfc822! message/rfc822(text/plain))"},
           ShapeRow{"smtputf8", "message/global(text/plain)"},
           ShapeRow{"senseless-type", "multipart/mixed(text/plain text/plain text/plain)"},
           ShapeRow{"repeated-fields", "text/html"},
           ShapeRow{"external-body", "message/external-body"},
       }) {
    const std::string raw = stored(name);
    EXPECT_EQ(shape(parse(raw)), expected) << name;
  }
}

TEST(Parse, TheLineEndBeforeABoundaryBelongsToTheBoundary) {
  const std::string raw = stored("nested");
  EXPECT_THAT(leaves(parse(raw)), ElementsAre("one", "two", "three", "four"));
  const std::string lf = stored("bare-lf");
  EXPECT_THAT(leaves(parse(lf)), ElementsAre("one", "two"));
  const std::string mixed = stored("mixed-line-ends");
  EXPECT_THAT(leaves(parse(mixed)), ElementsAre("a\rb", "c"));
}

TEST(Parse, PartsThatAreNotClosedEndWithTheirParentOrTheMessage) {
  const std::string raw = stored("no-closing-boundary");
  EXPECT_THAT(leaves(parse(raw)),
              ElementsAre("plain", "<b>html</b>", "the inner multipart was never closed, and neither is this one\r\n"));
}

TEST(Parse, OfBoundariesThatAreBeginningsOfEachOtherTheWholeLineDecides) {
  const std::string raw = stored("boundary-prefixes");
  EXPECT_THAT(leaves(parse(raw)), ElementsAre("in part-1", "in par--; the line above is not the end of par"));
}

TEST(Parse, AMultipartWithoutBoundariesIsReadableAsOneText) {
  const std::string raw = stored("boundary-never-seen");
  const Message message = parse(raw);
  ASSERT_EQ(message.parts.size(), 2U);
  EXPECT_EQ(message.body(1), message.body(0));
  EXPECT_TRUE(message.body(1).find("readable all the same") != std::string_view::npos);
  EXPECT_EQ(message.header(1), "");
}

TEST(Parse, TextWithoutAnEmptyLineBeforeItBecomesBody) {
  const std::string raw = stored("no-empty-line");
  const Message message = parse(raw);
  EXPECT_EQ(message.body(), "Hello, where is the empty line?\r\nsecond line: with a colon\r\n");
  EXPECT_TRUE(message.header().ends_with("example.com>\r\n"));
}

struct RangeRow {
  const char* what;
  std::string raw;
  std::uint64_t body_begin;
  std::uint64_t lines;
};

TEST(Parse, HeadersEndWhereTheyShould) {
  for (const auto& [what, raw, body_begin, lines] : {
           RangeRow{"nothing", "", 0, 0},
           RangeRow{"an empty line", "\r\n", 2, 0},
           RangeRow{"two empty lines", "\n\n", 1, 1},
           RangeRow{"a field without a line end", "A: b", 4, 0},
           RangeRow{"a field and a body", "A: b\r\n\r\nc", 8, 0},
           RangeRow{"LF alone", "A: b\n\nc\nd\n", 6, 2},
           RangeRow{"a fold of spaces is no empty line", "A: b\r\n \r\n\r\nc\r\n", 11, 1},
           RangeRow{"a space before the colon", "A : b\r\n\r\nc", 9, 0},
           RangeRow{"an mbox line", "From x\r\nA: b\r\n\r\nc", 16, 0},
           RangeRow{"text at once", "Hello there\r\n", 0, 1},
           RangeRow{"a CR without LF", "A: b\r\rc: d\r\n\r\n", 14, 0},
           RangeRow{"a fold before any field", " x\r\nA: b\r\n\r\n", 12, 0},
       }) {
    const Message message = parse(raw);
    EXPECT_EQ(message.tree.parts[0].body_begin, body_begin) << what;
    EXPECT_EQ(message.tree.parts[0].lines, lines) << what;
    EXPECT_EQ(invariants::broken(raw), "") << what;
  }
}

TEST(Parse, LinesAreCountedWhateverTheirNumberAndPlace) {
  for (std::size_t lines = 0; lines < 5000; lines = lines * 3 / 2 + 1) {
    for (std::size_t width = 0; width < 20; width += 3) {
      std::string raw = "\r\n";
      for (std::size_t i = 0; i < lines; ++i) raw += std::string(width, 'x') + "\n";
      ASSERT_EQ(parse(raw).tree.parts[0].lines, lines);
    }
  }
}

TEST(Parse, WhatIsBeyondTheDepthLimitBecomesOctets) {
  const std::string raw = stored("nested");
  EXPECT_EQ(shape(parse(raw, {.depth = 1})), "multipart/mixed!");
  EXPECT_EQ(shape(parse(raw, {.depth = 2})), "multipart/mixed(multipart/mixed! text/plain)");
  EXPECT_TRUE(parse(raw, {.depth = 2}).limited);
  EXPECT_FALSE(parse(raw, {.depth = 5}).limited);
  const std::string forwarded = stored("message-in-message");
  EXPECT_EQ(shape(parse(forwarded, {.depth = 2})), "message/rfc822(message/rfc822!)");
}

TEST(Parse, WhatIsBeyondThePartLimitBelongsToTheLastPart) {
  std::string raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 10; ++i) raw += "--b\r\n\r\npart " + std::to_string(i) + "\r\n";
  raw += "--b--\r\n";
  const Message message = parse(raw, {.parts = 4});
  EXPECT_TRUE(message.limited);
  ASSERT_EQ(message.parts.size(), 4U);
  EXPECT_TRUE(message.body(3).starts_with("part 2\r\n--b\r\n"));
  EXPECT_EQ(message.tree.parts[3].end, raw.size());
  EXPECT_EQ(invariants::broken_range(message), "");
  EXPECT_EQ(parse(raw, {.parts = 11}).limited, false);
  EXPECT_EQ(shape(parse(raw, {.parts = 1})), "multipart/mixed!");
}

TEST(Parse, ContentFieldsAreTakenFromTheirFirstAppearance) {
  const std::string raw = stored("all-part-fields");
  const Message message = parse(raw);
  const Part& part = message.parts[0];
  EXPECT_EQ(part.id, " <part1@example.com>");
  EXPECT_EQ(part.description, " a \"quoted\" description");
  EXPECT_EQ(part.md5, " Q2hlY2sgSW50ZWdyaXR5IQ==");
  EXPECT_EQ(part.language, " de, en-GB");
  EXPECT_EQ(part.location, " http://example.com/\r\n folded.txt");
  EXPECT_EQ(message.tree.parts[0].encoding, Encoding::eight_bit);
  EXPECT_TRUE(part.declared);
}

}  // namespace
}  // namespace pennypost::message
