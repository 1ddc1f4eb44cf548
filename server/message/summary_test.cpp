// The summary for stored columns, base subjects, message ids.
#include "server/message/summary.h"

#include <fstream>

#include <gmock/gmock.h>

#include "server/base/limits.h"
#include "server/message/message_ids.h"

namespace pennypost::message {
namespace {

using testing::ElementsAre;

std::string stored(const std::string& name) {
  std::ifstream file{PENNYPOST_TESTDATA "/messages/" + name + ".eml", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(Summary, HoldsTheDecodedFacts) {
  const std::string raw = stored("encoded-words");
  const Summary summary = summarize(parse(raw));
  EXPECT_EQ(summary.subject, "If you can read this you understand the example.\xE2\x82\xAC");
  EXPECT_EQ(summary.from_name, "Andr\xC3\xA9 Pirard");
  EXPECT_EQ(summary.from_addr, "PIRARD@vm1.ulg.ac.be");
  EXPECT_THAT(summary.to, ElementsAre("Keith Moore <moore@cs.utk.edu>", "J\xC3\xBCrgen M\xC3\xBCller <jm@example.de>"));
  EXPECT_THAT(summary.cc, ElementsAre("quoted against the rule <q@example.com>"));
  EXPECT_FALSE(summary.date);
  EXPECT_EQ(summary.message_id, "");
  EXPECT_FALSE(summary.has_attachments);
}

TEST(Summary, HoldsReferencesAndHops) {
  const Summary summary =
      summarize(parse("Received: a\r\nReceived: b\r\nreceived: c\r\nMessage-ID: <1@x>\r\nIn-Reply-To: <2@x> <3@x>\r\n"
                      "References: <4@x>\r\n <5@x>\r\nDate: 23 Nov 2026 10:00 +0100\r\nSender: S <s@x>\r\n"
                      "Reply-To: r@x, t@x\r\n\r\n"));
  EXPECT_EQ(summary.received_fields, 3);
  EXPECT_EQ(summary.message_id, "<1@x>");
  EXPECT_EQ(summary.in_reply_to, "<2@x>");
  EXPECT_THAT(summary.references, ElementsAre("<4@x>", "<5@x>"));
  ASSERT_TRUE(summary.date);
  EXPECT_EQ(summary.date->zone_minutes, 60);
  EXPECT_EQ(summary.sender_addr, "s@x");
  EXPECT_THAT(summary.reply_to, ElementsAre("r@x", "t@x"));
  EXPECT_THAT(summarize(parse("In-Reply-To: <2@x>\r\n\r\n")).references, ElementsAre("<2@x>"));
}

TEST(Summary, OfRawLatin1IsUtf8) {
  const std::string raw = stored("raw-latin1-header");
  const Summary summary = summarize(parse(raw));
  EXPECT_EQ(summary.subject,
            "Gr\xC3\xBC\xC3\x9F"
            "e aus K\xC3\xB6ln");
  EXPECT_EQ(summary.from_name, "Andr\xC3\xA9 Exempl\xC3\xA9");
}

TEST(Summary, OfRawOctetsIsReadInTheCharsetOfTheBody) {
  const std::string raw =
      "Subject: \xF0\xD2\xC9\r\nFrom: \xD2 <a@b>\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n";
  EXPECT_EQ(summarize(parse(raw)).subject, "\xD0\x9F\xD1\x80\xD0\xB8");
  EXPECT_EQ(summarize(parse(raw)).from_name, "\xD1\x80");
}

struct Row {
  const char* in;
  const char* out;
  bool reply;
};

TEST(BaseSubject, IsFoundByTheStepsOfRfc5256) {
  for (const auto& [in, out, reply] : {
           Row{"Hello", "hello", false},
           Row{"Re: Hello", "hello", true},
           Row{"RE : hello", "hello", true},
           Row{"re[2]: Hello", "hello", true},
           Row{"Fwd: Re: fw: Hello", "hello", true},
           Row{"Hello (fwd) (FWD) ", "hello", true},
           Row{"[list] Hello", "hello", false},
           Row{"[list] Re: [list] Hello", "hello", true},
           Row{"[list][b] Re: Hello", "hello", true},
           Row{"[only]", "[only]", false},
           Row{"[a] [only]", "[only]", false},
           Row{"[Fwd: Hello]", "hello", true},
           Row{"[Fwd: Re: Hello] (fwd)", "hello", true},
           Row{"  a \t\r\n b  ", "a b", false},
           Row{"Reply: x", "reply: x", false},
           Row{"Re: ", "", true},
           Row{"", "", false},
           Row{"[unclosed Re: x", "[unclosed re: x", false},
           Row{"\xC3\x84rger", "\xC3\xA4rger", false},
       }) {
    bool changed = !reply;
    EXPECT_EQ(base_subject(in, &changed), out) << in;
    EXPECT_EQ(changed, reply) << in;
  }
}

TEST(MessageIds, AreTakenFromAnyText) {
  EXPECT_THAT(message_ids("<a@b> (comment) <c@d>\r\n\t<e @ f>"), ElementsAre("<a@b>", "<c@d>", "<e@f>"));
  EXPECT_THAT(message_ids("Your message of \"Mon\" <x@y>"), ElementsAre("<x@y>"));
  EXPECT_THAT(message_ids("<a <b@c> <d"), ElementsAre("<b@c>"));
  EXPECT_THAT(message_ids("<>"), ElementsAre());
  EXPECT_EQ(message_id(" <a@b> "), "<a@b>");
  EXPECT_EQ(message_id(" 123@host "), "<123@host>");
  EXPECT_EQ(message_id("  "), std::nullopt);
  EXPECT_EQ(message_id("<"), std::nullopt);
}

TEST(MessageIds, OfTooManyTheFirstAndTheLastStay) {
  std::string many = "<first@x>";
  for (int i = 0; i < 3000; ++i) many += " <" + std::to_string(i) + "@x>";
  const auto ids = message_ids(many);
  ASSERT_EQ(ids.size(), static_cast<std::size_t>(kReferences.most));
  EXPECT_EQ(ids.front(), "<first@x>");
  EXPECT_EQ(ids.back(), "<2999@x>");
}

TEST(MessageIds, NewOnesAreDifferent) {
  const std::string one = new_message_id("example.com");
  EXPECT_NE(one, new_message_id("example.com"));
  EXPECT_TRUE(one.ends_with("@example.com>"));
  EXPECT_EQ(message_id(one), one);
}

}  // namespace
}  // namespace pennypost::message
