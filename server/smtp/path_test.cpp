#include "server/smtp/path.h"

#include <random>

#include <gmock/gmock.h>

namespace pennypost::smtp {
namespace {

TEST(Path, ReadsWhatTheGrammarAllowsAndWhatRealClientsSend) {
  struct Row {
    const char* what;
    PathKind kind;
    std::string in;
    std::string local, domain;
  };
  const Row rows[] = {
      {"plain", PathKind::reverse, "FROM:<anna@corp.example>", "anna", "corp.example"},
      {"null path", PathKind::reverse, "FROM:<>", "", ""},
      {"small letters", PathKind::forward, "to:<anna@corp.example>", "anna", "corp.example"},
      {"blank after the colon", PathKind::forward, "TO: <anna@corp.example>", "anna", "corp.example"},
      {"blank before the colon", PathKind::forward, "TO :<anna@corp.example>", "anna", "corp.example"},
      {"no brackets", PathKind::forward, "TO:anna@corp.example", "anna", "corp.example"},
      {"no domain", PathKind::forward, "TO:<postmaster>", "postmaster", ""},
      {"source route", PathKind::forward, "TO:<@a.example,@b.example:anna@corp.example>", "anna", "corp.example"},
      {"quoted", PathKind::forward, R"(TO:<"anna \"x\" b"@corp.example>)", "anna \"x\" b", "corp.example"},
      {"quotes that are not needed", PathKind::forward, R"(TO:<"anna"@corp.example>)", "anna", "corp.example"},
      {"address literal", PathKind::forward, "TO:<anna@[192.0.2.1]>", "anna", "[192.0.2.1]"},
      {"IPv6 literal", PathKind::forward, "TO:<anna@[IPv6:2001:db8::1]>", "anna", "[IPv6:2001:db8::1]"},
      {"two dots", PathKind::forward, "TO:<a..b.@corp.example>", "a..b.", "corp.example"},
      {"dot after the domain", PathKind::forward, "TO:<a@corp.example.>", "a", "corp.example"},
      {"UTF-8", PathKind::forward, "TO:<жанна@пример.example>", "жанна", "пример.example"},
      {"percent", PathKind::forward, "TO:<x%other.example@corp.example>", "x%other.example", "corp.example"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto r = read_path(row.in, row.kind);
    EXPECT_EQ(r.problem, PathProblem::none);
    EXPECT_EQ(r.read.path.local, row.local);
    EXPECT_EQ(r.read.path.domain, row.domain);
  }
}

TEST(Path, RefusesWhatIsNoPath) {
  struct Row {
    const char* what;
    PathKind kind;
    std::string in;
    PathProblem problem;
  };
  const Row rows[] = {
      {"wrong keyword", PathKind::reverse, "TO:<a@b>", PathProblem::keyword},
      {"nothing", PathKind::reverse, "", PathProblem::keyword},
      {"no colon", PathKind::reverse, "FROM<a@b>", PathProblem::keyword},
      {"empty recipient", PathKind::forward, "TO:<>", PathProblem::path},
      {"not closed", PathKind::forward, "TO:<a@b", PathProblem::path},
      {"opened twice", PathKind::forward, "TO:<<a@b>>", PathProblem::path},
      {"two at", PathKind::forward, "TO:<a@b@c>", PathProblem::path},
      {"empty domain", PathKind::forward, "TO:<a@>", PathProblem::path},
      {"empty local part", PathKind::forward, "TO:<@b>", PathProblem::path},
      {"empty quotes", PathKind::forward, "TO:<\"\"@b>", PathProblem::path},
      {"quote not closed", PathKind::forward, "TO:<\"a@b>", PathProblem::path},
      {"domain of dots", PathKind::forward, "TO:<a@b..c>", PathProblem::path},
      {"blank inside", PathKind::forward, "TO:<a b@c>", PathProblem::path},
      {"control inside quotes", PathKind::forward, std::string{"TO:<\"a\x01\"@c>"}, PathProblem::path},
      {"broken UTF-8", PathKind::forward, "TO:<\xc3(@c>", PathProblem::path},
      {"overlong UTF-8", PathKind::forward, "TO:<\xc0\xaf@c>", PathProblem::path},
      {"glued parameter", PathKind::reverse, "FROM:<a@b>SIZE=1", PathProblem::path},
      {"too long", PathKind::forward, "TO:<" + std::string(kMostPathOctets, 'a') + "@b.example>", PathProblem::path},
      {"parameter twice", PathKind::reverse, "FROM:<a@b> SIZE=1 size=2", PathProblem::parameter},
      {"empty value", PathKind::reverse, "FROM:<a@b> SIZE=", PathProblem::parameter},
      {"no keyword", PathKind::reverse, "FROM:<a@b> =1", PathProblem::parameter},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(read_path(row.in, row.kind).problem, row.problem);
  }
}

TEST(Path, ReadsParametersInAnyCaseAndOrder) {
  const auto r = read_path("FROM:<a@b.example>  size=1000 BODY=8bitmime SMTPUTF8 ENVID=QQ+2B ", PathKind::reverse);
  ASSERT_EQ(r.problem, PathProblem::none);
  ASSERT_EQ(r.read.parameters.size(), 4U);
  EXPECT_EQ(r.read.parameters[0].keyword, "SIZE");
  EXPECT_EQ(r.read.parameters[0].value, "1000");
  EXPECT_EQ(r.read.parameters[2].keyword, "SMTPUTF8");
  EXPECT_FALSE(r.read.parameters[2].value.has_value());
  EXPECT_EQ(decode_xtext(*r.read.parameters[3].value), "QQ+");
}

TEST(Path, TextReadsBackToTheSamePath) {
  std::mt19937 random{20240501};  // fixed, so that a failure can be seen again
  const std::string letters = "ab.\"\\ @<>+-_%";
  for (int round = 0; round < 2000; ++round) {
    Path p;
    const auto n = 1 + random() % 12;
    for (std::size_t i = 0; i < n; ++i) p.local += letters[random() % letters.size()];
    p.domain = "corp.example";
    const auto again = read_path("TO:<" + p.text() + ">", PathKind::forward);
    ASSERT_EQ(again.problem, PathProblem::none) << p.text();
    ASSERT_EQ(again.read.path.local, p.local) << p.text();
    ASSERT_EQ(again.read.path.domain, p.domain) << p.text();
  }
}

TEST(Xtext, DecodesItsOwnPrinting) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_xtext(encode_xtext(all)), all);
  EXPECT_EQ(decode_xtext("a+4"), std::nullopt);
  EXPECT_EQ(decode_xtext("a+4g"), std::nullopt);
}

}  // namespace
}  // namespace pennypost::smtp
