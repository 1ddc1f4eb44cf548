// The core of the language: the cases of spec 10 section 9 and spec 11 section 16 that concern lines, values, blocks,
// rules and searching. The number of the case stands in its row or its name ("10-2" = chapter 10, case 2).
#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

using fakes::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Row {
  const char* what;
  const char* script;
  const char* variable;
  const char* value;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Bench bench;
    Outcome outcome = bench.run(row.script);
    EXPECT_THAT(outcome.warnings, IsEmpty());
    for (const Problem& problem : bench.compiled.problems)
      if (problem.severity == Severity::error) ADD_FAILURE() << describe(problem);
    EXPECT_EQ(outcome.variables[row.variable], row.value);
  }
}

TEST(Language, BlankLinesAndCommentsDoNothing) {  // 10-1
  Bench bench;
  EXPECT_THAT(bench.compile("\n# x\n   # x\n\t\n"), IsEmpty());
  EXPECT_THAT(bench.compiled.program->code, IsEmpty());
}

TEST(Language, AssignmentsComputeAndAppend) {
  check({
      {"10-2", "${a} = 5\n${a} += 2\n${a} *= 3\n${a} -= 1\n${a} /= 4\n", "a", "5"},
      {"10-3", "${a} = \"x\"\n${a} .= \"y z\"\n", "a", "xy z"},
      {"10-4 one variable whatever the case", "${A} = 1\n${a} += 1\n", "a", "2"},
      {"10-6 a dollar is a character", "${a} = \"costs $10\"\n", "a", "costs $10"},
      {"11-18 typeless", "${x} = \"10\"\n${x} += 5\n", "x", "15"},
      {"text counts as 0", "${x} = \"abc\"\n${x} += 5\n", "x", "5"},
      {"a number at the begin counts", "${x} = \"12 apples\"\n${x} += 1\n", "x", "13"},
      {"text is kept as written", "${x} = 007\n", "x", "007"},
      {"fractions print short", "${x} = 0.1\n${x} += 0.2\n", "x", "0.3"},
      {"negative", "${x} = -3\n${x} *= 0.5\n", "x", "-1.5"},
      {"an unset variable is empty", "${y} = 1\n${x} = \"<${z}>\"\n${z} = 1\n", "x", "<>"},
      {"an unfinished ${ stays", "${x} = \"a ${b\"\n", "x", "a ${b"},
      {"a quote inside quotes", "${x} = \"say \\\"hi\\\" now\"\n", "x", "say \"hi\" now"},
      {"a copy of a variable", "${x} = 5\n${y} = ${x}\n${x} += 1\n", "y", "5"},
      {"appending to itself", "${x} = ab\n${x} .= ${x}\n${x} .= ${x}\n", "x", "abababab"},
      {"a copy does not follow", "${x} = ab\n${x} .= c\n${y} = ${x}\n${x} .= d\n${y} .= e\n", "x", "abcd"},
  });
}

TEST(Language, FunctionsGiveTheirNumbers) {  // 10-5
  check({
      {"CEIL", "${n} = CEIL -3.1\n", "n", "-3"},
      {"FLOOR", "${n} = FLOOR -3.1\n", "n", "-4"},
      {"INT", "${n} = INT -3.9\n", "n", "-3"},
      {"ABS", "${n} = abs -3\n", "n", "3"},
      {"LENGTH", "${n} = LENGTH \"hello\"\n", "n", "5"},
      {"LENGTH counts characters", "${n} = LENGTH \"h\xC3\xA9llo\"\n", "n", "5"},
      {"LENGTH of no UTF-8 counts octets", "${n} = LENGTH \"h\xE9llo\"\n", "n", "5"},
      {"with another operator", "${n} = 10\n${n} -= INT 3.7\n", "n", "7"},
      {"a quoted name is a text", "${n} = \"CalcBayes\"\n", "n", "CalcBayes"},
  });
}

TEST(Language, DivisionByZeroChangesNothingAndWarns) {
  Bench bench;
  Outcome outcome = bench.run("${a} = 5\n${a} /= 0\n${b} = 1\n");
  EXPECT_EQ(outcome.variables["a"], "5");
  EXPECT_EQ(outcome.variables["b"], "1");
  ASSERT_THAT(outcome.warnings, SizeIs(1));
  EXPECT_EQ(outcome.warnings[0].line, 2u);
}

TEST(Language, AWeightMultipliesAndTheRuleIsListed) {  // 10-7, 11-14
  Bench bench;
  Outcome outcome = bench.run("DefineRule \"r\" 0.5 \"d\"\n${Score} += 100 [r]\n${m} = ${MatchedConditions}\n");
  EXPECT_EQ(outcome.score, 50);
  EXPECT_EQ(outcome.variables["m"], "r");
  outcome =
      bench.run("DefineRule \"r\" 0.5 \"d\"\n${Score} += 100 [r]\n${m} = \"<${MatchedConditions}|${Weight_r}>\"\n");
  EXPECT_EQ(outcome.variables["m"], "<r|0.5>");
  ASSERT_THAT(outcome.hits, SizeIs(1));
  EXPECT_EQ(outcome.hits[0].rule, "r");
  EXPECT_EQ(outcome.hits[0].amount, 50);
}

TEST(Language, TheWeightBankChoosesAmongTheWeights) {  // 10-8, 11-15
  for (const auto& [bank, score] : {std::pair{"0", 10}, {"1", 30}, {"7", 30}}) {
    SCOPED_TRACE(bank);
    Bench bench;
    EXPECT_EQ(
        bench.run(std::string{"DefineRule \"r\" 1 3 \"d\"\n${WeightBank} = "} + bank + "\n${Score} += 10 [r]\n").score,
        score);
  }
  Bench bench;
  EXPECT_EQ(bench
                .run("DefineRule \"r\" 1 3 \"d\"\n${WeightBank} = 1\n${Score} += 10 [r]\n"
                     "${WeightBank} = 7\n${Score} += 10 [r]\n")
                .score,
            60);
}

TEST(Language, AWeightOfTheAdministratorGoesBeforeTheDefault) {  // 11-16
  Bench bench;
  bench.choices.weights_by_rule["M"] = {2};
  const std::string script = "DefineRule \"m\" 1 3 \"d\"\n${Score} += 10 [m]\n${w} = ${Weight_m}\n";
  Outcome outcome = bench.run(script);
  EXPECT_EQ(outcome.score, 20);
  EXPECT_EQ(outcome.variables["w"], "2");
  bench.choices.weights_by_rule.clear();
  EXPECT_EQ(bench.run(script).score, 10);
}

TEST(Language, ATagThatNobodyDefinedHasWeightOne) {
  Bench bench;
  const Outcome outcome = bench.run("${Score} += 50 [bl.example.net]\nLog \"x\" [seen]\nLog \"y\" [seen]\n");
  EXPECT_EQ(outcome.score, 50);
  EXPECT_THAT(outcome.matched_conditions, ElementsAre("bl.example.net", "seen"));
}

TEST(Language, SearchesFindWhatTheSpecSays) {
  const auto holds = [](const char* condition) {
    return std::string{"${r} = 0\n"} + condition + "\n${r} = 1\nEndIf\n";
  };
  struct Case {
    const char* what;
    const char* condition;
    const char* result;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"10-9 a substring ignores case", "IfMatch Subject \"hello\"", "1"},
           {"10-10 an expression does not", "IfMatch Subject \"/hello/\"", "0"},
           {"10-10 with i it does", "IfMatch Subject \"/hello/i\"", "1"},
           {"10-12 an absent field", "IfMatch cc \"/./\"", "0"},
           {"10-13 attachment names", "IfMatch attachment \"/\\.exe$/i\"", "1"},
           {"body", "IfMatch body \"two  three\"", "1"},
           {"raw field", "IfMatch Raw-Subject /World$/", "1"},
           {"anytext has the subject", "IfMatch anytext hello", "1"},
           {"body has not", "IfMatch body hello", "0"},
           {"header", "IfMatch header \"/^To: a@/m\"", "1"},
           {"rawmessage", "IfMatch rawmessage \"/\\r\\n\\r\\none/\"", "1"},
           {"a slash inside", "IfMatch Subject /a/b/", "0"},
           {"inline options", "IfMatch Subject /(?i:HELLO)/", "1"},
           {"numbers compare as numbers 10-43", "If 10 > 9", "1"},
           {"quoted numbers too 10-43", "If \"10\" > \"9\"", "1"},
           {"text compares by octets", "If \"a\" < \"B\"", "0"},
           {"10-44 = is ==", "If ${Subject} = \"Hello World\"", "1"},
           {"10-44 ==", "If ${Subject} == \"Hello World\"", "1"},
           {"10-44 <>", "If ${Subject} <> \"Hello World\"", "0"},
           {"10-44 !=", "If ${Subject} != \"Hello World\"", "0"},
           {"a number and a text", "If 10 = \"ten\"", "0"},
           {"unset is empty", "If ${AuthSender} = \"\"", "1"},
           {"10-56 whitelist", "IfMatch WhiteList \"x@y.example\"", "1"},
           {"blacklist", "IfMatch blacklist \"x@y.example\"", "0"},
       }) {
    SCOPED_TRACE(c.what);
    Bench bench;
    bench.lists.add(List::white, "*@y.example");
    Outcome outcome = bench.run(holds(c.condition));
    EXPECT_EQ(outcome.variables["r"], c.result);
    EXPECT_THAT(bench.compiled.problems, IsEmpty());
  }
}

TEST(Language, GroupsOfAMatchAreVariables) {
  Bench bench;
  Outcome outcome = bench.run(
      "IfMatch Subject /^Hello\\s+(\\w+)$/\n${a} = ${1}\n${b} = ${0}\n${n} = ${RegExMatches}\nEndIf\n"
      "IfMatch Subject /nothing/\nEndIf\n${m} = ${RegExMatches}\n${c} = ${1}\n");
  EXPECT_EQ(outcome.variables["a"], "World");  // 10-11
  EXPECT_EQ(outcome.variables["b"], "Hello World");
  EXPECT_EQ(outcome.variables["n"], "2");
  EXPECT_EQ(outcome.variables["m"], "0");
  EXPECT_EQ(outcome.variables["c"], "World");
  outcome = bench.run("${t} = ab\nIfMatch ${t} /(a)(b)?/\n${r} = \"${0},${1},${2}\"\nEndIf\n");  // 11-19
  EXPECT_EQ(outcome.variables["r"], "ab,a,b");
}

TEST(Language, BulkScanAddsForEachLineThatMatches) {
  Bench bench;
  bench.mail.field("X-Spam", "Yes");
  EXPECT_EQ(bench.run("BulkScan Score\nX-Spam /^Yes$/i 200\nEndBulkScan\n").score, 200);                      // 10-14
  EXPECT_EQ(bench.run("BulkScan Score\nTo \"A@EXAMPLE\" 50\nCc \"a@example\" 50\nEndBulkScan\n").score, 50);  // 10-15
  EXPECT_EQ(bench.run("BulkScan Score\nbody /o/ 7\nEndBulkScan\n").score, 7);  // 10-16: counted once
  EXPECT_EQ(bench.run("BulkScan Score\n\n# comment\n  body one -3.5\n${Subject} world 1\nEndBulkScan\n").score, -2.5);
  bench.files.set("f.txt", "Subject hello 1\nSubject world 2\n");
  EXPECT_EQ(bench.run("BulkScan Score\ninclude f.txt\nEndBulkScan\n").score, 3);  // 10-17
}

TEST(Language, TheRuleOfABulkScanGivesItsWeightAndIsListedOnce) {
  Bench bench;
  const Outcome outcome = bench.run(
      "DefineRule \"w\" 2 \"d\"\nBulkScan Score [w]\nSubject hello 10\nSubject world 5\nSubject no 9\nEndBulkScan\n"
      "BulkScan Score [never]\nSubject no 9\nEndBulkScan\n");
  EXPECT_EQ(outcome.score, 30);
  EXPECT_THAT(outcome.matched_conditions, ElementsAre("w"));
  ASSERT_THAT(outcome.hits, SizeIs(2));
  EXPECT_EQ(outcome.hits[1].pattern, "world");
  EXPECT_EQ(outcome.hits[1].match, "World");
  EXPECT_EQ(outcome.hits[1].amount, 10);
}

TEST(Language, AnAssignmentInsideBulkScanIsAnError) {  // 10-18
  Bench bench;
  const auto& problems = bench.compile("BulkScan Score\n${a} = 1\nEndBulkScan\n");
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].file, "spamrules.txt");
  EXPECT_EQ(problems[0].line, 2u);
  EXPECT_EQ(problems[0].severity, Severity::error);
}

TEST(Language, BagsKeepTheirOrder) {
  check({
      {"10-24 unique",
       "AddBag unique b a\nAddBag unique b b\nAddBag unique b a\nForEach Bag b x\n${r} .= ${x}\nEndFor\n", "r", "ab"},
      {"10-25 multi", "AddBag multi b a\nAddBag multi b b\nAddBag multi b a\nForEach Bag b x\n${r} .= ${x}\nEndFor\n",
       "r", "aba"},
      {"10-26 add",
       "AddBag multi p u\nAddBag multi p v\nAddBag multi q v\nAddBag multi q w\nCopyBag add p q\n"
       "ForEach Bag q x\n${r} .= ${x}\nEndFor\n",
       "r", "vwu"},
      {"10-26 subtract",
       "AddBag multi p u\nAddBag multi p v\nAddBag multi q v\nAddBag multi q w\nCopyBag add p q\nCopyBag subtract p q\n"
       "ForEach Bag q x\n${r} .= ${x}\nEndFor\n",
       "r", "w"},
      {"10-26 overwrite",
       "AddBag multi p u\nAddBag multi p v\nAddBag multi q w\nCopyBag overwrite p q\nForEach Bag q x\n${r} .= "
       "${x}\nEndFor\n",
       "r", "uv"},
      {"11-1 RemoveBag takes the first",
       "AddBag multi b x\nAddBag multi b y\nAddBag multi b x\nRemoveBag b x\nForEach Bag b v\n${r} .= ${v}\nEndFor\n",
       "r", "yx"},
      {"11-2 a bag that is not there", "RemoveBag nobag x\n${r} = on\n", "r", "on"},
      {"10-27 wildcard", "AddBag multi b \"joe@x.example\"\nIfInBag b \"*@x.example\"\n${r} = 1\nEndIf\n", "r", "1"},
      {"plain text is exact", "${r} = 0\nAddBag multi b \"Joe\"\nIfInBag b \"joe\"\n${r} = 1\nEndIf\n", "r", "0"},
      {"plain text is whole", "${r} = 0\nAddBag multi b \"Joe\"\nIfInBag b \"Jo\"\n${r} = 1\nEndIf\n", "r", "0"},
      {"expression", "AddBag multi b \"joe@x.example\"\nIfInBag b \"/@(\\w)/\"\n${r} = ${1}\nEndIf\n", "r", "x"},
      {"ClearBag", "AddBag multi b 1\nClearBag b\n${r} = 0\nForEach Bag b x\n${r} += 1\nEndFor\n", "r", "0"},
      {"a loop walks through a snapshot",
       "AddBag multi b 1\nAddBag multi b 2\nForEach Bag b x\nAddBag multi b ${x}\n${r} .= ${x}\nEndFor\n", "r", "12"},
  });
}

TEST(Language, CountingAndCollectingMatches) {
  check({
      {"10-28", "CountMatches body \"/ /\" n\n", "n", "3"},
      {"substring", "CountMatches body O n\n", "n", "2"},
      {"none", "CountMatches body /q/ n\n", "n", "0"},
      {"empty matches go on", "CountMatches Subject /x*/ n\n", "n", "12"},
      {"10-29", "GlobalMatch body \"/\\S+/\" w\nForEach Bag w x\n${r} .= \"${x},\"\nEndFor\n", "r", "one,two,three,"},
      {"the bag is cleared",
       "AddBag multi w old\nGlobalMatch body /q/ w\n${r} = 0\nForEach Bag w x\n${r} = 1\nEndFor\n", "r", "0"},
  });
}

TEST(Language, TextsAreConvertedEscapedReplaced) {
  check({
      {"10-30 UrlEncode", "Convert \"Tom & Ann\" \"UrlEncode\" v\n", "v", "Tom+%26+Ann"},
      {"10-31 DeBase64 with a null", "Convert \"AGI=\" \"DeBase64\" v\n", "v", " b"},
      {"Base64", "Convert \"Hello\" base64 v\n", "v", "SGVsbG8="},
      {"10-32 Ord", "Convert \"A\" \"Ord\" v\n", "v", "65"},
      {"10-32 Char", "Convert 66 \"Char\" w\n", "w", "B"},
      {"Ord of nothing", "Convert \"\" Ord v\n", "v", "0"},
      {"Upper", "Convert \"a\xC3\xA9z\" Upper v\n", "v", "A\xC3\xA9Z"},
      {"10-33 Escape hides the dot",
       "${x} = \"a.b\"\nEscape x\n${t} = \"aXb\"\n${r} = 0\nIfMatch ${t} \"/^${x}$/\"\n${r} = 1\nEndIf\n", "r", "0"},
      {"10-33 Escape finds the dot",
       "${x} = \"a.b\"\nEscape x\n${t} = \"a.b\"\n${r} = 0\nIfMatch ${t} \"/^${x}$/\"\n${r} = 1\nEndIf\n", "r", "1"},
      {"11-3 Replace", "${v} = \"aXbXc\"\nReplace v \"X\" \"-\"\n", "v", "a-b-c"},
      {"11-4 Replace by expression", "${v} = \"a1b22c\"\nReplace v \"/[0-9]+/\" \"#\"\n", "v", "a#b#c"},
      {"Replace of the page", "${s} = \"red fish, red hat\"\nReplace s \"/\\s*,\\s*/\" \";\"\n", "s",
       "red fish;red hat"},
      {"a replacement is plain", "${s} = \"ab\"\nReplace s \"/(a)/\" \"$1\\1\"\n", "s", "$1\\1b"},
      {"an expression that matches nothing", "${s} = \"ab\"\nReplace s \"/x*/\" \"-\"\n", "s", "-a-b-"},
  });
}

TEST(Language, ConditionsNestAndElseIsTheirOtherSide) {
  check({
      {"if in if", "${r} = 0\nIf 1 = 1\nIf 1 = 2\n${r} = 1\nElse\n${r} = 2\nEndIf\nElse\n${r} = 3\nEndIf\n", "r", "2"},
      {"outer else", "${r} = 0\nIf 1 = 2\nIf 1 = 2\n${r} = 1\nElse\n${r} = 2\nEndIf\nElse\n${r} = 3\nEndIf\n", "r",
       "3"},
      {"keywords ignore case", "if 1 = 1\n${r} = 1\nENDIF\n", "r", "1"},
  });
}

TEST(Language, LoopsRunOverTheirItems) {
  Bench bench;
  bench.envelope.recipients = {"a@x.example", "b@x.example", "c@x.example"};
  Outcome outcome = bench.run(
      "ForEach Recipient r\n${n} += 1\nBreak\nEndFor\n${after} = ${r}\n"               // 10-40
      "ForEach Header h\nIfMatch ${h} /^Subject:/\n${subjects} += 1\nEndIf\nEndFor\n"  // 10-41
      "ForEach MimeSection s\n${sections} .= \"${s} \"\nEndFor\n"                      // 10-42
      "ForEach Addr To t\n${to} .= ${t}\nEndFor\n"
      "ForEach Recipient x\nForEach Recipient y\n${pairs} += 1\nEndFor\nEndFor\n");
  EXPECT_EQ(outcome.variables["n"], "1");
  EXPECT_EQ(outcome.variables["after"], "a@x.example");
  EXPECT_EQ(outcome.variables["subjects"], "1");
  EXPECT_EQ(outcome.variables["sections"], "1:1:text/plain:14:0: 2:2:application/octet-stream:2:0:Report.EXE ");
  EXPECT_EQ(outcome.variables["to"], "a@example.org");
  EXPECT_EQ(outcome.variables["pairs"], "9");
}

TEST(Language, GotoContinuesAtItsLabel) {
  check({
      {"10-57 forward", "Goto x\n${a} = 1\n:x\n${b} = 2\n", "b", "2"},
      {"10-57 jumped over", "Goto x\n${a} = 1\n:x\n${b} = 2\n", "a", ""},
      {"backward", ":top\n${n} += 1\nIf ${n} < 5\ngoto TOP\nEndIf\n", "n", "5"},
      {"out of a loop",
       "AddBag multi b 1\nAddBag multi b 2\nForEach Bag b x\n${n} += 1\nGoto out\nEndFor\n:out\n"
       "ForEach Bag b x\n${n} += 1\nEndFor\n",
       "n", "3"},
  });
}

TEST(Language, StopEndsTheScript) {  // 11-12, 11-13
  Bench bench;
  Outcome outcome = bench.run("${Score} = 5\nStop\n${Score} = 500\n");
  EXPECT_EQ(outcome.score, 5);
  EXPECT_EQ(outcome.ended, Ended::stop);
  bench.files.set("inner.txt", "AddBag multi b 1\nForEach Bag b x\nStop\nEndFor\n${Score} += 1\n");
  EXPECT_EQ(bench.run("Include inner.txt\n${Score} += 2\n").score, 0);
}

TEST(Language, SettingsHaveTheirDefaultUntilTheAdministratorChoosesAnother) {  // 10-55, 11-44
  Bench bench;
  const std::string script = "DefineSetting Redirect \"\" \"d\"\n${r} = \"<${setting_redirect}>\"\n";
  EXPECT_EQ(bench.run(script).variables["r"], "<>");
  bench.choices.settings["redirect"] = "bob";
  EXPECT_EQ(bench.run(script).variables["r"], "<bob>");
  bench.choices.settings["N"] = "banana";
  EXPECT_EQ(bench.run("DefineSetting \"n\" 0 \"d\"\n${r} = ${setting_n}\n").variables["r"], "banana");
}

TEST(Language, BuiltInVariablesIgnoreCase) {  // 11-17
  Bench bench;
  bench.envelope.mail_from = "joe@x.example";
  Outcome outcome = bench.run("${r} = \"${MAILFROM} ${mailfrom} ${MailFrom}\"\n${c} = ${AttachmentCount}\n");
  EXPECT_EQ(outcome.variables["r"], "joe@x.example joe@x.example joe@x.example");
  EXPECT_EQ(outcome.variables["c"], "1");
}

TEST(Language, WhatOnlySmtpKnowsIsEmptyForOtherMail) {  // 11-20
  Bench bench;
  bench.envelope.dmarc_result = "pass";
  EXPECT_EQ(bench.run("${r} = ${DMARCResult}\n").variables["r"], "pass");
  bench.envelope.arrival = Arrival::pop3;
  EXPECT_EQ(bench.run("${r} = ${DMARCResult}\n").variables["r"], "");
}

TEST(Language, AnEndlessLoopIsBrokenOff) {  // 10-58, 11-40
  Bench bench;
  bench.limits.time = std::chrono::milliseconds{50};
  Outcome outcome = bench.run(":top\nGoto top\n");
  EXPECT_EQ(outcome.ended, Ended::time);
  bench.limits.time = std::chrono::seconds{60};
  bench.limits.instructions = 1000;
  outcome = bench.run(":top\n${a} = 1\nGoto top\n");
  EXPECT_EQ(outcome.ended, Ended::instructions);
  bench.limits.instructions = 100'000'000;
  bench.limits.memory = 1'000'000;
  outcome = bench.run("${a} = x\n:top\n${a} .= ${a}\nGoto top\n");
  EXPECT_EQ(outcome.ended, Ended::memory);
  ASSERT_THAT(outcome.warnings, SizeIs(1));
  EXPECT_THAT(outcome.warnings[0].text, HasSubstr("1000000 octets"));
}

TEST(Language, AHostileScriptEndsAtALimitThatTheWarningNames) {
  struct Hostile {
    const char* what;
    const char* script;
    Ended ended;
    const char* says;
  };
  for (const Hostile& row : std::initializer_list<Hostile>{
           {"records", ":top\n${n} += 1\nDBInsert multi c ${n} v\nGoto top\n", Ended::memory, "octets"},
           {"updates", ":top\n${n} += 1\nDBUpdate c ${n} = v\nGoto top\n", Ended::memory, "octets"},
           {"addresses", ":top\nAddNullAddress x${n}\nGoto top\n${n} = 1\n", Ended::memory, "octets"},
           {"list entries", ":top\n${n} += 1\nAddWhiteList \"${n}@x\"\nGoto top\n", Ended::memory, "octets"},
           {"bags", ":top\n${n} += 1\nAddBag unique \"b${n}\" x\nGoto top\n", Ended::memory, "octets"},
           {"a bag", ":top\n${n} += 1\nAddBag multi b \"b${n}\"\nGoto top\n", Ended::memory, "octets"},
           {"header lines", ":top\nAddHeader \"X-A: b\"\nGoto top\n", Ended::memory, "octets"},
           {"replacing", "${a} = x\n:top\nReplace a x xx\nGoto top\n", Ended::memory, "octets"},
           {"many costly texts", "IfMatch tag \"/(a+)+$/\"\nEndIf\n", Ended::time, "ms"},
           {"many costly matches", "CountMatches htmlsource \"/<(?=(a+)+$)|</\" n\n", Ended::at_the_end, "cost"},
       }) {
    SCOPED_TRACE(row.what);
    Bench bench;
    bench.limits.memory = row.ended == Ended::memory ? 300'000 : 1'000'000;  // soon, with a sanitizer too
    bench.limits.time = row.ended == Ended::time ? std::chrono::seconds{1} : std::chrono::seconds{15};
    std::string tags;
    for (int i = 0; i < 20'000; ++i) tags += "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!>";
    bench.mail.part("text/html", tags);
    const auto before = std::chrono::steady_clock::now();
    const Outcome outcome = bench.run(row.script);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{20});
    EXPECT_EQ(outcome.ended, row.ended) << word(outcome.ended);
    ASSERT_FALSE(outcome.warnings.empty());
    EXPECT_THAT(outcome.warnings.back().text, HasSubstr(row.says));
  }
}

TEST(Language, NestedLoopsOverTheLinksOfAMessageTakeTheMemoryOfOne) {
  Bench bench;
  std::string links;
  for (int i = 0; i < 1500; ++i) links += "http://h" + std::to_string(i) + ".example/%41%42%43%44%45%46%47%48%49 ";
  bench.mail.part("text/plain", links);
  bench.limits.memory = 2'000'000;
  const Outcome outcome = bench.run(
      "ForEach URL a\nForEach URL b\n${n} += 1\nEndFor\nForEach Header h\nBreak\nEndFor\n"
      "ForEach MimeSection s\nGoto next\nEndFor\n:next\nEndFor\n");
  EXPECT_EQ(outcome.ended, Ended::at_the_end) << word(outcome.ended);
  EXPECT_EQ(outcome.variables.at("n"), "2250000");
  EXPECT_LT(outcome.memory, 3'000'000u);
}

TEST(Language, ATraceHasALimit) {
  Bench bench;
  bench.traced = true;
  bench.limits.trace_lines = 100;
  const Outcome outcome = bench.run(":top\n${n} += 1\nIf ${n} < 1000\nGoto top\nEndIf\n");
  EXPECT_EQ(outcome.trace.size(), 100u);
  EXPECT_EQ(outcome.variables.at("n"), "1000");
  ASSERT_THAT(outcome.warnings, SizeIs(1));
  EXPECT_THAT(outcome.warnings[0].text, HasSubstr("the trace ends here"));
}

TEST(Language, AnUnknownStatementIsSkippedUnlessTheCheckIsStrict) {  // 10-59a
  Bench bench;
  Outcome outcome = bench.run("Frobnicate 1\n${a} = 1\nIfFrob 1\n${b} = 1\nElse\n${c} = 1\nEndIf\n");
  EXPECT_EQ(outcome.variables["a"], "1");
  EXPECT_EQ(outcome.variables.count("b"), 0u);
  EXPECT_EQ(outcome.variables["c"], "1");
  ASSERT_THAT(bench.compiled.problems, SizeIs(2));
  EXPECT_EQ(bench.compiled.problems[0].severity, Severity::warning);
  EXPECT_EQ(one_line(bench.compiled.problems[0]),
            "spamrules.txt:1:1: warning: the statement Frobnicate is not known; it does nothing");
  bench.strictness = Strictness::strict;
  EXPECT_TRUE(any_error(bench.compile("Frobnicate 1\n")));
}

TEST(Language, AnExpressionThatDoesNotCompileNeverMatches) {
  Bench bench;
  Outcome outcome = bench.run(
      "${r} = 0\nIfMatch Subject /(/\n${r} = 1\nEndIf\n${x} = \"(\"\nIfMatch Subject /${x}/\n${r} = 2\nEndIf\n");
  EXPECT_EQ(outcome.variables["r"], "0");
  ASSERT_THAT(bench.compiled.problems, SizeIs(1));
  EXPECT_EQ(bench.compiled.problems[0].severity, Severity::warning);
  EXPECT_THAT(outcome.warnings, SizeIs(1));
}

}  // namespace
}  // namespace pennypost::ruleinterp
