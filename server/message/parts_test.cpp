// The stored form of the part tree, and BODY[section].
#include "server/message/parts.h"

#include <fstream>

#include <gmock/gmock.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

std::string stored(const std::string& name) {
  std::ifstream file{PENNYPOST_TESTDATA "/messages/" + name + ".eml", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// BODY[number], or "(none)". `number` is "1.2" or empty.
std::string section(const std::string& raw, const std::string& number, SectionText text) {
  const Message message = parse(raw);
  const auto range = section_range(message.tree, invariants::path_of(number), text);
  return range ? std::string{message.text(*range)} : "(none)";
}

TEST(Parts, APlainMessageTakesTenOctets) {
  std::string raw = "Subject: x\r\n" + std::string(1000, 'h') + ": y\r\n\r\n";
  for (int i = 0; i < 100; ++i) raw += "a line of text\r\n";
  EXPECT_LE(encode_parts(parse(raw)).size(), 12U);
  EXPECT_LE(encode_parts(parse(stored("related"))).size(), 60U);
}

TEST(Parts, WhatWasStoredReadsBack) {
  for (const char* name : {"plain", "empty", "nested", "forwarded", "digest", "empty-parts", "message-in-message"}) {
    const std::string raw = stored(name);
    const Message message = parse(raw);
    const auto again = decode_parts(encode_parts(message));
    ASSERT_TRUE(again) << name;
    EXPECT_EQ(*again, message.tree) << name;
  }
}

TEST(Parts, DamagedStoredPartsAreAnErrorOrASoundTree) {
  const std::string raw = stored("forwarded");
  const std::string good = encode_parts(parse(raw));
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(decode_parts(good.substr(0, cut))) << cut;
  EXPECT_FALSE(decode_parts(good + "x"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {1, 4, 0x7F, 0x80, 0xFF}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const auto tree = decode_parts(bad);
      if (!tree) continue;
      for (const PartRange& part : tree->parts) {
        EXPECT_LE(part.end, tree->parts[0].end);
        EXPECT_LE(part.after, tree->parts.size());
      }
    }
  }
  EXPECT_EQ(decode_parts("").error().kind, Kind::internal);
}

TEST(Sections, OfAMessageOfOnePart) {
  const std::string raw = "Subject: x\r\n\r\nbody\r\n";
  EXPECT_EQ(section(raw, "", SectionText::whole), raw);
  EXPECT_EQ(section(raw, "", SectionText::header), "Subject: x\r\n\r\n");
  EXPECT_EQ(section(raw, "", SectionText::text), "body\r\n");
  EXPECT_EQ(section(raw, "1", SectionText::whole), "body\r\n");
  EXPECT_EQ(section(raw, "1", SectionText::mime), "Subject: x\r\n\r\n");
  EXPECT_EQ(section(raw, "1", SectionText::header), "(none)");
  EXPECT_EQ(section(raw, "", SectionText::mime), "(none)");
  for (const char* number : {"0", "2", "1.1", "1.0"})
    EXPECT_EQ(section(raw, number, SectionText::whole), "(none)") << number;
}

struct SectionRow {
  const char* number;
  SectionText text;
  const char* expected;
};

TEST(Sections, OfAMessageInsideAMultipart) {
  const std::string raw = stored("forwarded");
  for (const auto& [number, text, expected] : {
           SectionRow{"1", SectionText::whole, "FYI"},
           SectionRow{"1", SectionText::mime, "Content-Type: text/plain\r\n\r\n"},
           SectionRow{"1", SectionText::text, "(none)"},
           SectionRow{
               "2", SectionText::mime,
               "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"original.eml\"\r\n\r\n"},
           SectionRow{"2.1", SectionText::whole, "inner text"},
           SectionRow{"2.1", SectionText::mime, "Content-Type: text/plain\r\n\r\n"},
           SectionRow{"2.2", SectionText::whole, "R0lGODlhAQABAAAAACw="},
           SectionRow{"2.3", SectionText::whole, "(none)"},
           SectionRow{"2.1.1", SectionText::whole, "(none)"},
           SectionRow{"3", SectionText::whole, "(none)"},
       }) {
    EXPECT_EQ(section(raw, number, text), expected) << number;
  }
  const std::string header = section(raw, "2", SectionText::header);
  EXPECT_TRUE(header.starts_with("Date: Sun, 22 Nov 2026")) << header;
  EXPECT_TRUE(header.ends_with("boundary=in\r\n\r\n")) << header;
  EXPECT_EQ(section(raw, "2", SectionText::whole), header + section(raw, "2", SectionText::text));
}

TEST(Sections, OfMessagesThatAreTheWholeBody) {
  const std::string raw = stored("message-in-message");
  EXPECT_TRUE(section(raw, "1", SectionText::header).starts_with("Subject: middle"));
  EXPECT_TRUE(section(raw, "1.1", SectionText::header).starts_with("From: deep@example.com"));
  EXPECT_EQ(section(raw, "1.1.1", SectionText::whole), "The innermost text\r\n");
  EXPECT_EQ(section(raw, "1.1", SectionText::text), "The innermost text\r\n");
  EXPECT_EQ(section(raw, "1.1.1", SectionText::text), "(none)");
  EXPECT_EQ(section(raw, "1.1.1.1", SectionText::whole), "(none)");
}

TEST(Sections, EveryPartIsFoundByItsNumber) {
  const std::string raw = stored("forwarded");
  const Message message = parse(raw);
  std::vector<std::string> numbers;
  for (std::uint32_t i = 0; i < message.parts.size(); ++i) numbers.push_back(part_number(message.tree, i));
  EXPECT_THAT(numbers, testing::ElementsAre("", "1", "2", "2", "2.1", "2.2"));
  const std::string nested = stored("message-in-message");
  const Message three = parse(nested);
  EXPECT_EQ(part_number(three.tree, 0), "1");
  EXPECT_EQ(part_number(three.tree, 1), "1.1");
  EXPECT_EQ(part_number(three.tree, 2), "1.1.1");
}

}  // namespace
}  // namespace pennypost::message
