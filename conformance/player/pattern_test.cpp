#include "conformance/player/pattern.h"

#include <gtest/gtest.h>

namespace pennypost::conformance {
namespace {

Template template_of(const std::string& line) {
  auto out = parse_session("protocol: imap\nsource: t\nS: " + line + "\n", "t");
  if (const auto* problem = std::get_if<Problem>(&out)) throw std::runtime_error{problem->print()};
  return std::get<Expect>(std::get<Session>(out).sections[0].steps[0].act).closing->text;
}

bool holds(const std::string& pattern, const std::string& line, Variables& variables) {
  return Pattern{template_of(pattern), variables}.matches(line, variables);
}

TEST(Pattern, MatchesWholeLinesOnly) {
  struct Row {
    const char* pattern;
    const char* line;
    bool match;
  };
  for (const auto& [pattern, line, match] : {
           Row{"* 3 EXISTS", "* 3 EXISTS", true},
           Row{"* 3 EXISTS", "* 3 EXISTS ", false},
           Row{"* 3 EXISTS", "x* 3 EXISTS", false},
           Row{"a.c", "abc", false},
           Row{"<any>", "", true},
           Row{"a OK<any>", "a OK [X] y", true},
           Row{"* <number> EXISTS", "* 12 EXISTS", true},
           Row{"* <number> EXISTS", "* x EXISTS", false},
           Row{"(<word>)", "(a b)", false},
           Row{"<date>", "\"17-Jul-1996 02:44:25 -0700\"", true},
           Row{"<date>", "\" 7-Jul-1996 02:44:25 +0000\"", true},
           Row{"<date>", "\"7-Jul-1996\"", false},
           Row{"<maildate>", "Tue, 27 Jul 2010 10:22:06 +0100", true},
           Row{"<string>", R"("a \" b")", true},
           Row{"<string>", "{3}\r\nabc", true},
           Row{"<string>", "abc", false},
           Row{"<string:a\"b>", R"("a\"b")", true},
           Row{"<string:abc>", "{3}\r\nabc", true},
           Row{"<string:abc>", "abc", true},
           Row{"<string:abc>", "{4}\r\nabc", false},
           Row{R"(<flags:\Seen \Deleted>)", R"((\Deleted \Seen))", true},
           Row{R"(<flags:\Seen \Deleted>)", R"((\Deleted \Recent \Seen))", true},
           Row{R"(<flags:\Seen>)", R"((\Deleted \Seen))", false},
           Row{R"(<flags:\Seen>)", R"(())", false},
           Row{R"(<flags:>)", R"(())", true},
           Row{R"(<flags:>)", R"((\Seen))", false},
           Row{R"(<flags+:\Seen>)", R"((\Deleted \Seen x))", true},
           Row{R"(<flags+:\Seen>)", R"((\Seenx))", false},
           Row{"<re:[A-F0-9]{2}>", "A0", true},
           Row{"<re:[A-F0-9]{2}>", "A0B", false},
           Row{"<i:noop>", "NoOp", true},
           Row{"(<all:UID 5|FLAGS <flags:>|X>)", "(X UID 5 FLAGS ())", true},
           Row{"(<all:UID 5|FLAGS <flags:>|X>)", "(UID 5 FLAGS ())", false},
       }) {
    SCOPED_TRACE(std::string{pattern} + " on " + line);
    Variables variables;
    EXPECT_EQ(holds(pattern, line, variables), match);
  }
}

TEST(Pattern, CapturesBecomeVariables) {
  Variables variables;
  ASSERT_TRUE(
      holds("* 1 FETCH (<all:UID <uid=number>|FLAGS <f=flags+:>>)", "* 1 FETCH (FLAGS (\\Seen) UID 77)", variables));
  EXPECT_EQ(variables.value("uid"), "77");
  EXPECT_EQ(variables.value("f"), "(\\Seen)");
  EXPECT_EQ(variables.value("add:uid:3"), "80");
  EXPECT_TRUE(holds("UID ${uid}", "UID 77", variables));
}

TEST(Pattern, OctetsOfAllKindsMatchThemselves) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  Variables variables;
  variables.set("all", all);
  EXPECT_TRUE(holds("x${all}", "x" + all, variables));
  EXPECT_FALSE(holds("x${all}", "y" + all, variables));
}

TEST(Pattern, LongBodiesMatchWithoutEnd) {
  Variables variables;
  variables.set("body", std::string(3'000'000, 'a'));
  EXPECT_TRUE(holds("* 1 FETCH (BODY[] ${literal:body})",
                    "* 1 FETCH (BODY[] {3000000}\r\n" + std::string(3'000'000, 'a') + ")", variables));
}

TEST(Pattern, AnExpressionThatIsNoneEndsThePlay) {
  Variables variables;
  EXPECT_THROW(holds("<re:(>", "x", variables), Failure);
  EXPECT_THROW(holds("${nobody}", "x", variables), Failure);
}

}  // namespace
}  // namespace pennypost::conformance
