// What is built is read again by our own parser.
#include "server/message/build.h"

#include <gmock/gmock.h>

#include "server/message/invariants.h"

namespace pennypost::message {
namespace {

const Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours{10};

/// The longest line, without its line end; every line end must be CR LF.
std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t feed = text.find('\n', i);
    if (feed == std::string::npos) return std::max(longest, text.size() - i);
    EXPECT_EQ(text[feed - 1], '\r');
    longest = std::max(longest, feed - 1 - i);
    i = feed + 1;
  }
  return longest;
}

TEST(Build, FieldsAreFoldedAndNothingIsSmuggledIn) {
  EXPECT_EQ(field("X-A", "b c"), "X-A: b c\r\n");
  EXPECT_EQ(field("X-A", "b\r\nBcc: c"), "X-A: b  Bcc: c\r\n");
  EXPECT_EQ(field("X-A", ""), "X-A: \r\n");
  std::string words;
  for (int i = 0; i < 100; ++i) words += "word" + std::to_string(i) + " ";
  const std::string folded = field("X-Words", words);
  EXPECT_LE(longest_line(folded), 78U);
  EXPECT_EQ(unfold(find_field(folded, "X-Words")->value) + " ", words);
  EXPECT_EQ(text_field("Subject",
                       "Gr\xC3\xBC\xC3\x9F"
                       "e\r\nBcc: x"),
            "Subject: =?utf-8?B?R3LDvMOfZQ==?=  Bcc: x\r\n");
}

TEST(Build, AddressFieldsReadBack) {
  std::vector<Address> list;
  for (int i = 0; i < 20; ++i)
    list.push_back({.name = i % 2 ? "J\xC3\xB8ran, Mr." : "Plain Name",
                    .local = "user" + std::to_string(i),
                    .domain = "example.com"});
  list.push_back({.local = "a b", .domain = "c"});
  const std::string built = address_field("To", list);
  EXPECT_LE(longest_line(built), 100U);
  const auto again = mailboxes(find_field(built, "To")->value);
  ASSERT_EQ(again.size(), list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(display_name(again[i]), list[i].name);
    EXPECT_EQ(addr_spec(again[i]), addr_spec(list[i]));
  }
}

TEST(Build, ReceivedHasTheFormOfTheSpecification) {
  const std::string received = received_field({.from = "[192.168.2.6]",
                                               .from_address = "198.51.100.7",
                                               .by = "mail.corp.example",
                                               .by_address = "192.168.2.3",
                                               .software = "Pennypost",
                                               .with = "ESMTP",
                                               .for_address = "info@other.example",
                                               .at = kNow,
                                               .zone_minutes = 60});
  EXPECT_EQ(unfold(find_field(received, "Received")->value),
            "from [192.168.2.6] ([198.51.100.7]) by mail.corp.example ([192.168.2.3] running Pennypost) with ESMTP for "
            "<info@other.example>; "
            "Mon, 23 Nov 2026 11:00:00 +0100");
  EXPECT_LE(longest_line(received), 80U);
  const std::string more = received_field({.from = "x\r\nEvil: y",
                                           .from_host = "h",
                                           .from_address = "2001:db8::1",
                                           .by = "b",
                                           .with = "ESMTPS",
                                           .tls = "TLSv1.3:AES",
                                           .id = "17",
                                           .at = kNow});
  EXPECT_EQ(
      unfold(find_field(more, "Received")->value),
      "from x  Evil: y (h [IPv6:2001:db8::1]) by b with ESMTPS (TLSv1.3:AES) id 17; Mon, 23 Nov 2026 10:00:00 +0000");
  EXPECT_EQ(return_path_field(""), "Return-Path: <>\r\n");
}

TEST(Build, AMailWithHtmlOffersBothAsAlternatives) {
  std::string html = "<p>Gr\xC3\xBC\xC3\x9F";
  html += "e</p>\n" + std::string(3000, 'x') + "\n";
  const std::string built = build({.from = {.name = {}, .local = "j", .domain = "example.com"},
                                   .to = {{.local = "b", .domain = "example.org"}},
                                   .subject = "both",
                                   .text = "plain\n",
                                   .html = html,
                                   .at = kNow});
  EXPECT_TRUE(is_ascii(built));
  EXPECT_LE(longest_line(built), 78U);
  const Message message = parse(built);
  ASSERT_EQ(message.parts.size(), 3U);
  EXPECT_TRUE(message.parts[0].type.is("multipart", "alternative"));
  EXPECT_TRUE(message.parts[1].type.is("text", "plain"));
  EXPECT_TRUE(message.parts[2].type.is("text", "html"));
  EXPECT_EQ(text_of(message, 1), "plain\r\n");
  EXPECT_THAT(text_of(message, 2), testing::StartsWith(html.substr(0, 10)));
}

TEST(Build, TextMailsReadBack) {
  for (const std::string text : {"plain\nlines\r\n",
                                 "Gr\xC3\xBC\xC3\x9F"
                                 "e\r\n",
                                 "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\n", "", "no line end"}) {
    const std::string built = build({.from = {.name = "J\xC3\xB8ran", .local = "j", .domain = "example.com"},
                                     .to = {{.local = "b", .domain = "example.org"}},
                                     .subject = "\xC3\x84rger (1)",
                                     .text = text,
                                     .fields = {"Auto-Submitted: auto-replied\r\n"},
                                     .at = kNow,
                                     .zone_minutes = 60});
    EXPECT_LE(longest_line(built), 78U);
    EXPECT_TRUE(is_ascii(built));
    const Message message = parse(built);
    const Summary summary = summarize(message);
    EXPECT_EQ(summary.subject, "\xC3\x84rger (1)");
    EXPECT_EQ(summary.from_name, "J\xC3\xB8ran");
    EXPECT_THAT(summary.to, testing::ElementsAre("b@example.org"));
    EXPECT_EQ(summary.date->at, kNow);
    EXPECT_TRUE(summary.message_id.ends_with("@example.com>"));
    EXPECT_EQ(decoded_field(message.header(), "Auto-Submitted"), "auto-replied");
    std::string lines;
    for (const char c : text_of(message, 0)) {
      if (c != '\r') lines += c;
    }
    std::string expected;
    for (const char c : text) {
      if (c != '\r') expected += c;
    }
    if (!expected.empty() && !expected.ends_with('\n')) expected += '\n';
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(invariants::broken(built), "");
  }
}

Report report_on(std::string_view original) {
  Report report;
  report.reporting_mta = "mail.example.com";
  report.from = {.name = "Mail Delivery System", .local = "Mailer_Daemon", .domain = "example.com"};
  report.to = {.local = "ann", .domain = "example.com"};
  report.subject = "Undeliverable: hello";
  report.text = "Your message could not be delivered.\n";
  report.envelope_id = "QQ314159";
  report.arrival = kNow;
  report.recipients.push_back({.original = "rfc822;n@example.org",
                               .final_address = "nobody@example.org",
                               .status = "5.1.1",
                               .remote_mta = "mx.example.org",
                               .diagnostic = "550 5.1.1 no\r\nsuch user",
                               .last_attempt = kNow});
  report.recipients.push_back(
      {.final_address = "slow@example.org", .action = "delayed", .status = "4.4.1", .will_retry_until = kNow});
  report.original = original;
  report.at = kNow;
  return report;
}

TEST(Build, ReportsHaveTheirThreeParts) {
  const std::string original = "Subject: hello\r\nFrom: ann@example.com\r\n\r\nbody\r\n--x\r\n";
  Report report = report_on(original);
  const std::string built = build(report);
  EXPECT_EQ(invariants::broken(built), "");
  const Message message = parse(built);
  ASSERT_EQ(message.parts.size(), 4U);
  EXPECT_TRUE(message.parts[0].type.is("multipart", "report"));
  EXPECT_EQ(parameter(message.parts[0].type.parameters, "report-type"), "delivery-status");
  EXPECT_EQ(decoded_field(message.header(), "Auto-Submitted"), "auto-replied");
  EXPECT_EQ(text_of(message, 1), "Your message could not be delivered.\r\n");
  EXPECT_TRUE(message.parts[2].type.is("message", "delivery-status"));
  EXPECT_EQ(message.body(2),
            "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mail.example.com\r\nArrival-Date: Mon, 23 Nov 2026 "
            "10:00:00 +0000\r\n\r\n"
            "Original-Recipient: rfc822;n@example.org\r\nFinal-Recipient: rfc822; nobody@example.org\r\nAction: "
            "failed\r\nStatus: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.org\r\nDiagnostic-Code: smtp; 550 5.1.1 no  such user\r\n"
            "Last-Attempt-Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n"
            "Final-Recipient: rfc822; slow@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Mon, "
            "23 Nov 2026 10:00:00 +0000\r\n");
  EXPECT_TRUE(message.parts[3].type.is("text", "rfc822-headers"));
  EXPECT_EQ(message.body(3), "Subject: hello\r\nFrom: ann@example.com\r\n\r\n");

  report.returned = ReturnContent::full;
  const std::string full = build(report);
  const Message whole = parse(full);
  ASSERT_EQ(whole.parts.size(), 5U);
  EXPECT_EQ(whole.body(3), original);
  EXPECT_EQ(summarize(whole).subject, "Undeliverable: hello");
}

TEST(Build, ReportsOnOtherThanAsciiSaySo) {
  Report report = report_on("Subject: \xC3\xA4\r\n\r\n");
  report.recipients[0].final_address = "j\xC3\xB8@example.org";
  const std::string built = build(report);
  EXPECT_NE(built.find("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n"),
            std::string::npos);
  EXPECT_NE(built.find("Final-Recipient: utf-8; j\xC3\xB8@example.org\r\n"), std::string::npos);
  EXPECT_EQ(invariants::broken(built), "");
}

TEST(Build, BoundariesAreNotInWhatTheyEnclose) {
  EXPECT_NE(new_boundary(), new_boundary());
  EXPECT_LE(new_boundary().size(), 70U);
}

}  // namespace
}  // namespace pennypost::message
