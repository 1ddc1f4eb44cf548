#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"
#include "ruleinterp/tools/format.h"
#include "ruleinterp/tools/reports.h"
#include "ruleinterp/tools/words.h"

namespace pennypost::ruleinterp {
namespace {

using fakes::Bench;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kScript =
    "definerule \"Words\" 1 \"d\"\r\n"
    "# comment\r\n"
    "   bulkscan   Score [Words]\r\n"
    "subject   /hello/i 10\r\n"
    "If /x/ 5\r\n"
    "   # inner\r\n"
    "endbulkscan\r\n"
    "if ${Score} > 5\r\n"
    "${a} = LENGTH   \"x  y\"\r\n"
    "else\r\n"
    "Goto end\r\n"
    "Log never\r\n"
    "ENDIF\r\n"
    ":end\r\n"
    "Log \"${unset} ${Subject}\" [quiet]\r\n"
    "Frob 1\r\n";

TEST(Format, IndentsBlocksAndSpellsWords) {
  EXPECT_EQ(format_script(kScript),
            "DefineRule \"Words\" 1 \"d\"\r\n"
            "# comment\r\n"
            "BulkScan Score [Words]\r\n"
            "  subject /hello/i 10\r\n"
            "  If /x/ 5\r\n"
            "  # inner\r\n"
            "EndBulkScan\r\n"
            "If ${Score} > 5\r\n"
            "  ${a} = LENGTH \"x  y\"\r\n"
            "Else\r\n"
            "  Goto end\r\n"
            "  Log never\r\n"
            "EndIf\r\n"
            ":end\r\n"
            "Log \"${unset} ${Subject}\" [quiet]\r\n"
            "Frob 1\r\n");
  EXPECT_EQ(format_script(format_script(kScript)), format_script(kScript));
}

TEST(Format, LeavesWhatIsNotParsedAlone) {
  const std::string odd = "\xEF\xBB\xBF   Log \"open\n*STOP\n   any \" thing\n";
  EXPECT_EQ(format_script(odd), odd);
}

TEST(Format, ALoneCarriageReturnIsNoEndOfALine) {
  for (const char* text : {"Frob a\r   \nIf own.\n", "If 1 = 1\r\nEndif\r  \r\nStop\r\n", "Frob a\r",
                           "Log \"open\r  \nStop\r", "Log \"a\"\r\r\n", "Log \"a\"b c\r\r", "Log a\nLog b\r"}) {
    const std::string formatted = format_script(text);
    EXPECT_EQ(format_script(formatted), formatted) << text;
  }
}

TEST(Words, AreListedWithTheUnknownMarked) {
  ScriptTexts files;
  files.set("spamrules.txt", kScript);
  const Words words = words_of(load(files));
  EXPECT_TRUE(words.statements.at("BulkScan").known);
  EXPECT_FALSE(words.statements.at("Frob").known);
  EXPECT_EQ(words.statements.at("Log").count, 2u);
  EXPECT_EQ(words.functions.at("LENGTH").line, 9u);
  EXPECT_EQ(words.selectors.at("subject").note, "header field");
  EXPECT_FALSE(words.variables.at("unset").known);
  EXPECT_TRUE(words.variables.at("Score").known);
  EXPECT_TRUE(words.variables.at("a").known);
  EXPECT_THAT(describe(words), HasSubstr("? Frob"));
  EXPECT_THAT(to_json(words), HasSubstr("{\"word\":\"Frob\",\"count\":1,\"known\":false"));
}

TEST(Reports, CoverageNamesLinesNeverReachedAndRulesThatNeverFire) {
  Bench bench;
  bench.compile(kScript);
  ASSERT_TRUE(bench.compiled.program);
  const Program& program = *bench.compiled.program;
  Measured measured = measuring(program);
  measure_time(
      program, [] { return std::make_shared<const fakes::PlainMail>(fakes::PlainMail::hello()); }, bench.envelope,
      bench.host, bench.limits, measured);
  measure_lines(program, fakes::PlainMail::hello(), bench.envelope, bench.host, bench.limits, measured);
  const std::string report = coverage_report(program, measured);
  EXPECT_THAT(report, HasSubstr("spamrules.txt:11: never reached: Goto end"));
  EXPECT_THAT(report, HasSubstr("spamrules.txt:12: never reached: Log never"));
  EXPECT_THAT(report, Not(HasSubstr("spamrules.txt:4:")));
  EXPECT_THAT(report, Not(HasSubstr("spamrules.txt:10:"))) << "Else is part of its If";
  EXPECT_THAT(report, HasSubstr("2 of 2 rules fired, on 1 messages"));
  const std::string profile = profile_report(program, measured, 3);
  EXPECT_THAT(profile, HasSubstr("1 messages"));
  EXPECT_THAT(profile, HasSubstr("spamrules.txt:"));
}

TEST(Reports, TheTraceShowsWhatEachLineReadAndWrote) {
  Bench bench;
  bench.traced = true;
  const Outcome outcome = bench.run("${a} = 5\n${a} += 2\nIf ${a} > 6\n${b} = \"<${a}>\"\nEndIf\n");
  const std::string text = describe(outcome);
  EXPECT_THAT(text, HasSubstr("spamrules.txt:1: ${a} = 5  -> a = \"5\"\n"));
  EXPECT_THAT(text, HasSubstr("spamrules.txt:2: ${a} += 2  [a is \"5\"]  -> a = \"7\"\n"));
  EXPECT_THAT(text, HasSubstr("spamrules.txt:3: If ${a} > 6  [a is \"7\"]  : true\n"));
  EXPECT_THAT(text, HasSubstr("-> b = \"<7>\""));
  EXPECT_THAT(to_json(outcome), HasSubstr("\"read\":[{\"name\":\"a\",\"value\":\"5\"}]"));
}

TEST(Reports, TheTraceShowsGroupsAndLoopsLineByLine) {
  Bench bench;
  bench.traced = true;
  bench.envelope.recipients = {"a@example.org", "b@example.org"};
  const std::string text = describe(bench.run("ForEach Recipient r\nIfMatch ${r} \"/(b)@/\"\nBreak\nEndIf\nEndFor\n"));
  EXPECT_THAT(text, HasSubstr("spamrules.txt:1: ForEach Recipient r  -> r = \"a@example.org\"  : 2 items\n"
                              "spamrules.txt:2: IfMatch ${r} \"/(b)@/\"  [r is \"a@example.org\"]"
                              "  -> regexmatches = \"0\"  : false\n"
                              "spamrules.txt:5: EndFor  -> r = \"b@example.org\"\n"
                              "spamrules.txt:2: IfMatch ${r} \"/(b)@/\"  [r is \"b@example.org\"]"
                              "  -> 0 = \"b@\"  -> 1 = \"b\"  -> regexmatches = \"2\"  : true\n"
                              "spamrules.txt:3: Break\n"));
}

TEST(Reports, TheJsonRecordHasItsDocumentedMembers) {
  Bench bench;
  const std::string json = to_json(
      bench.run("${Score} += 5 [r]\nAddBag multi B \"x\\\"y\"\nLog \"l\"\nAddHeader \"X-A: 1\"\nReject \"550 no\"\n"));
  for (const char* member :
       {"\"score\":5,", "\"matchedConditions\":[\"r\"]", "\"variables\":{", "\"bags\":{\"b\":[", "\"log\":[\"l\"]",
        "\"headers\":[{\"kind\":\"set\",\"name\":\"X-A\",\"value\":\"1\",\"user\":null}]", "\"recipients\":[]",
        "\"reject\":\"550 no\"", "\"stopped\":true", "\"ended\":\"reject\"", "\"warnings\":[]"})
    EXPECT_THAT(json, HasSubstr(member));
}

}  // namespace
}  // namespace pennypost::ruleinterp
