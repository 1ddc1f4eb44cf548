#include "server/filter/lessons.h"

#include <gmock/gmock.h>

#include "server/filter/mail_view.h"
#include "server/message/parse.h"

namespace pennypost::filter {
namespace {

using ruleinterp::Verdict;
using store::Lesson;

std::vector<Lesson> lessons(const std::string& octets, Meant meant = Meant::itself) {
  const auto parsed = message::parse(octets);
  return lessons_of(MailView{parsed}, Lesson::Act::learn, Verdict::spam, meant);
}
std::string digest(const std::string& octets) { return lessons(octets).at(0).digest; }

const std::string kMail =
    "From: Joe <joe@other.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nSubject: pills\r\n"
    "Message-ID: <1@other.example>\r\n\r\ncheap\r\npills\r\n";

TEST(Lessons, AMessageIsTheSameOneWhateverThisServerAddsToIt) {
  const std::string body = kMail.substr(kMail.find("\r\n\r\n"));
  const std::string from_and_date = kMail.substr(0, kMail.find("Subject"));
  for (const auto& [what, octets] :
       {std::pair{"delivered",
                  "Return-Path: <joe@other.example>\r\nX-VPOP3-RCPTTYPE: D\r\nReceived: from x\r\n" + kMail},
        {"a changed subject", from_and_date + "Subject: [Junk?] pills\r\nX-VPOP3-Spam: 120 (Bayes)" + body},
        {"an empty line more", kMail + "\r\n"},
        {"line ends of Unix", [] {
           std::string out;
           for (const char c : kMail)
             if (c != '\r') out += c;
           return out;
         }()}})
    EXPECT_EQ(digest(octets), digest(kMail)) << what;
}

TEST(Lessons, OtherMessagesAreOthers) {
  for (const auto& [what, from, to] :
       {std::tuple{"sender", "Joe <joe", "Jim <jim"}, {"date", "10:00:00", "10:00:01"}, {"body", "cheap", "cheaper"}}) {
    std::string other = kMail;
    other.replace(other.find(from), std::string{from}.size(), to);
    EXPECT_NE(digest(other), digest(kMail)) << what;
  }
}

TEST(Lessons, ALargeMessageIsTheSameOneWithALongerHeader) {
  const std::string large = kMail + std::string(600'000, 'x');
  EXPECT_EQ(digest("Received: " + std::string(5000, 'r') + "\r\n" + large), digest(large));
  EXPECT_NE(digest(kMail + std::string(1000, 'y') + std::string(600'000, 'x')), digest(large));
}

TEST(Lessons, NothingAndRubbishMakeALessonToo) {
  for (const std::string& octets :
       {std::string{}, std::string{"\r\n"}, std::string(3000, '\0'), std::string{"no header at all"}})
    EXPECT_EQ(digest(octets).size(), 16U);
}

TEST(Lessons, AForwardWithAttachedMessagesTeachesThose) {
  const std::string other = "From: Eve <eve@x.example>\r\nSubject: casino\r\n\r\nwin\r\n";
  const std::string forward =
      "From: anna@corp.example\r\nTo: spam@corp.example\r\nSubject: Fwd: pills\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nlook\r\n"
      "--b\r\nContent-Type: message/rfc822\r\n\r\n" +
      kMail + "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + other + "\r\n--b--\r\n";
  const auto made = lessons(forward, Meant::forwarded);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].digest, digest(kMail));
  EXPECT_EQ(made[1].digest, digest(other));
  EXPECT_FALSE(made[0].is_forward);
  EXPECT_EQ(lessons(forward).size(), 1U);
  EXPECT_NE(lessons(forward)[0].digest, digest(kMail));
}

TEST(Lessons, AForwardInTheTextRefersToItsOriginal) {
  const auto original = lessons(kMail).at(0);
  const std::string forward =
      "From: anna@corp.example\r\nSubject: FW: Pills\r\nReferences: <0@far.example>\r\n <1@other.example>\r\n\r\n"
      "> cheap\r\n> pills\r\n";
  const auto made = lessons(forward, Meant::forwarded).at(0);
  EXPECT_TRUE(made.is_forward);
  EXPECT_EQ(made.about.at(0), original.message_id);
  EXPECT_EQ(made.subject, original.subject);
  EXPECT_NE(made.digest, original.digest);
  const auto none = lessons("From: a@b\r\n\r\nx\r\n", Meant::forwarded).at(0);
  EXPECT_TRUE(none.about.empty());
  EXPECT_EQ(none.subject, 0);
}

}  // namespace
}  // namespace pennypost::filter
