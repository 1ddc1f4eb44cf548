#include <gmock/gmock.h>

#include "conformance/player/session.h"

namespace pennypost::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHeader = "protocol: imap\nsource: RFC 3501 6.1.2\nrfc: yes\n";

Session parsed(const std::string& text) {
  auto out = parse_session(kHeader + text, "t.session");
  if (const auto* problem = std::get_if<Problem>(&out)) {
    ADD_FAILURE() << problem->print();
    return {};
  }
  return std::get<Session>(std::move(out));
}

Template text_of_only_step(const std::string& line) {
  const auto session = parsed(line + "\n");
  if (session.sections.empty() || session.sections[0].steps.size() != 1) return {};
  const auto& act = session.sections[0].steps[0].act;
  if (const auto* send = std::get_if<SendLine>(&act)) return send->text;
  return std::get<Expect>(act).closing->text;
}

TEST(ParseSession, HeadersArePartOfTheSession) {
  const auto session = parsed("skip: peers - answers late\nC: a NOOP\n");
  EXPECT_EQ(session.protocol, Protocol::imap);
  EXPECT_EQ(session.source, "RFC 3501 6.1.2");
  ASSERT_EQ(session.sections.size(), 1u);
  EXPECT_TRUE(session.sections[0].rfc);
  ASSERT_EQ(session.sections[0].skips.size(), 1u);
  EXPECT_EQ(session.sections[0].skips[0].target, "peers");
  EXPECT_EQ(session.sections[0].skips[0].reason, "answers late");
}

TEST(ParseSession, LinesBeforeTheFirstTitleAreThePreludeOfEverySection) {
  const auto session = parsed("C: a NOOP\n== One ==\nC: b NOOP\nrfc: no\n\n== Two = 2 ==\n# nothing\n");
  EXPECT_EQ(session.prelude.size(), 1u);
  ASSERT_EQ(session.sections.size(), 2u);
  EXPECT_EQ(session.sections[0].title, "One");
  EXPECT_FALSE(session.sections[0].rfc);
  EXPECT_EQ(session.sections[0].steps.size(), 1u);
  EXPECT_EQ(session.sections[1].title, "Two = 2");
  EXPECT_TRUE(session.sections[1].rfc);
}

TEST(ParseSession, EscapesBecomeOctetsAndOtherBackslashesStay) {
  struct Row {
    const char* written;
    std::string meant;
  };
  for (const auto& [written, meant] :
       {Row{R"(C: (\Seen \*))", R"((\Seen \*))"}, Row{R"(C: a\r\n.\n)", "a\r\n.\n"},
        Row{R"(C: \x00\xfF\0)", std::string("\x00\xff\x00", 3)}, Row{R"(C: \\r \$ \|)", R"(\r $ |)"},
        Row{"C:  two spaces", " two spaces"}, Row{"C:", ""}}) {
    SCOPED_TRACE(written);
    std::string text;
    for (const auto& part : text_of_only_step(written)) text += part.text;
    EXPECT_EQ(text, meant);
  }
}

TEST(ParseSession, AnglesThatAreNoPatternAreLiteral) {
  for (const char* line : {"S: 250 <a@b.example>", "S: <<>>", "S: a < b", "S: <Any>"}) {
    SCOPED_TRACE(line);
    const auto text = text_of_only_step(line);
    std::string all;
    for (const auto& part : text) {
      EXPECT_EQ(part.form, Form::literal);
      all += part.text;
    }
    EXPECT_EQ("S: " + all, line);
  }
}

TEST(ParseSession, EachPatternHasItsForm) {
  struct Row {
    const char* line;
    Form form;
    const char* text;
    const char* capture;
  };
  for (const auto& [line, form, text, capture] :
       {Row{"S: <any>", Form::any, "", ""}, Row{"S: <uid=number>", Form::number, "", "uid"},
        Row{"S: <word>", Form::word, "", ""}, Row{"S: <date>", Form::date, "", ""},
        Row{"S: <maildate>", Form::maildate, "", ""}, Row{"S: <string>", Form::string, "", ""},
        Row{R"(S: <flags:\Seen \Deleted>)", Form::flags, R"(\Seen \Deleted)", ""},
        Row{"S: <flags:>", Form::flags, "", ""}, Row{R"(S: <f=flags+:\Seen>)", Form::flags_at_least, R"(\Seen)", "f"},
        Row{R"(S: <re:[a-z]+\>|(?:x))"
            ">",
            Form::regex, "[a-z]+>|(?:x)", ""},
        Row{"S: <i:Fetch>", Form::fold, "Fetch", ""}}) {
    SCOPED_TRACE(line);
    const auto parts = text_of_only_step(line);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].form, form);
    EXPECT_EQ(parts[0].text, text);
    EXPECT_EQ(parts[0].capture, capture);
  }
}

TEST(ParseSession, PiecesOfAllMayHoldPatternsAndSubstitutions) {
  const auto parts = text_of_only_step(R"(S: (<all:UID <u=number>|FLAGS <flags:\Seen>|RFC822.SIZE ${size:m}>))");
  ASSERT_EQ(parts.size(), 3u);
  ASSERT_EQ(parts[1].form, Form::all);
  ASSERT_EQ(parts[1].choices.size(), 3u);
  EXPECT_EQ(parts[1].choices[0][1].capture, "u");
  EXPECT_EQ(parts[1].choices[2][1].form, Form::substitute);
  EXPECT_EQ(parts[1].choices[2][1].text, "size:m");
}

TEST(ParseSession, ServerLinesUpToAPlainOneAreASet) {
  const auto session = parsed("S& * 1 EXISTS\nS* * <any>\nS: a OK\nS: b OK\nS(x)& c\n");
  const auto& steps = session.sections[0].steps;
  ASSERT_EQ(steps.size(), 3u);
  const auto& first = std::get<Expect>(steps[0].act);
  ASSERT_EQ(first.set.size(), 2u);
  EXPECT_EQ(first.set[0].mark, Mark::once);
  EXPECT_EQ(first.set[1].mark, Mark::repeated);
  EXPECT_TRUE(first.closing.has_value());
  EXPECT_TRUE(std::get<Expect>(steps[1].act).set.empty());
  EXPECT_EQ(steps[2].connection, "x");
  EXPECT_FALSE(std::get<Expect>(steps[2].act).closing.has_value());
}

TEST(ParseSession, BlocksAreLinesWithCrLf) {
  const auto session = parsed(
      "let m\n| A: b\n|\n|  text\nmessage alice \"My Folder\" (\\Seen) \"01-Jan-2024 00:00:00 +0000\"\n| x\nC: a "
      "NOOP\n");
  const auto& steps = session.sections[0].steps;
  ASSERT_EQ(steps.size(), 3u);
  std::string text;
  for (const auto& part : std::get<Let>(steps[0].act).text) text += part.text;
  EXPECT_EQ(text, "A: b\r\n\r\n text\r\n");
  const auto& message = std::get<AddMessage>(steps[1].act);
  EXPECT_EQ(message.folder[0].text, "My Folder");
  EXPECT_EQ(message.flags, "\\Seen");
  EXPECT_EQ(message.date, "01-Jan-2024 00:00:00 +0000");
}

TEST(ParseSession, ActsTakeTheirArguments) {
  const auto session = parsed(
      "connect(b) pop3 tls\ntls(b)\nclosed(b) 3s\nclosed\nhalf-close\npause 20ms\nquiet(b) 1 s\npace octet 2ms\npace "
      "off\n"
      "account alice s3cret\nfolder alice Work\narrived alice INBOX 2\nclose(b)\n");
  const auto& steps = session.sections[0].steps;
  ASSERT_EQ(steps.size(), 13u);
  EXPECT_EQ(std::get<Connect>(steps[0].act).protocol, Protocol::pop3);
  EXPECT_TRUE(std::get<Connect>(steps[0].act).tls);
  EXPECT_EQ(steps[0].connection, "b");
  EXPECT_EQ(std::get<Closed>(steps[2].act).within, std::chrono::seconds{3});
  EXPECT_EQ(std::get<Quiet>(steps[6].act).time, std::chrono::seconds{1});
  EXPECT_TRUE(std::get<Pace>(steps[7].act).octetwise);
  EXPECT_FALSE(std::get<Pace>(steps[8].act).octetwise);
  EXPECT_EQ(std::get<AddAccount>(steps[9].act).password, "s3cret");
  EXPECT_EQ(std::get<Arrived>(steps[11].act).count, 2u);
  EXPECT_TRUE(std::holds_alternative<Close>(steps[12].act));
}

TEST(ParseSession, ErrorsNameFileLineColumnAndWhatIsExpected) {
  struct Row {
    const char* text;
    std::size_t line, column;
    const char* says;
  };
  for (const auto& [text, line, column, says] :
       {Row{"X: what\n", 4, 1, "no statement"}, Row{"C: ${name\n", 4, 10, "not closed by }"},
        Row{"S: <anny>\n", 4, 4, "no such pattern"}, Row{"S: <all:a||b>\n", 4, 11, "empty piece"},
        Row{"pause\n", 4, 6, "space"}, Row{"pause fast\n", 4, 7, "a time"}, Row{"== Title\n", 4, 9, "not closed"},
        Row{"let x\nC: a\n", 5, 1, "begin with |"}, Row{"tls now\n", 4, 4, "more on this line"},
        Row{"S? maybe\nC: a NOOP\n", 4, 1, "S: line after it"}, Row{"skip: peers\n", 4, 12, "TARGET - REASON"},
        Row{"rfc: perhaps\n", 4, 6, "yes or no"}}) {
    SCOPED_TRACE(text);
    const auto out = parse_session(kHeader + std::string{text}, "t.session");
    ASSERT_TRUE(std::holds_alternative<Problem>(out));
    const auto& problem = std::get<Problem>(out);
    EXPECT_EQ(problem.file, "t.session");
    EXPECT_EQ(problem.line, line);
    EXPECT_EQ(problem.column, column);
    EXPECT_THAT(problem.text, HasSubstr(says));
  }
}

TEST(ParseSession, HeadersThatMustBeThereAreMissed) {
  for (const auto& [text, says] :
       {std::pair{"source: RFC 1\nC: x\n", "protocol"}, {"protocol: smtp\nC: x\n", "source"}}) {
    const auto out = parse_session(text, "t.session");
    ASSERT_TRUE(std::holds_alternative<Problem>(out));
    EXPECT_THAT(std::get<Problem>(out).print(), HasSubstr(says));
  }
}

TEST(ParseSession, LineEndsOfBothKindsAndNoneAtTheEndAreRead) {
  const auto out = parse_session("protocol: smtp\r\nsource: RFC 5321\r\nC: QUIT\r\nS: 221 bye", "t.session");
  ASSERT_TRUE(std::holds_alternative<Session>(out));
  EXPECT_EQ(std::get<Session>(out).sections[0].steps.size(), 2u);
}

}  // namespace
}  // namespace pennypost::conformance
