// Files, includes and directives (spec 10 sections 1.1, 6.1, 6.2, 6.38), and what is said about broken scripts.
#include "ruleinterp/loader.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

using fakes::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A chain of files f1 ... fN, each including the next; the last one adds 1 to the score.
void add_chain(ScriptTexts& files, int length) {
  for (int i = 1; i <= length; ++i)
    files.set("f" + std::to_string(i) + ".txt",
              i < length ? "Include f" + std::to_string(i + 1) + ".txt\n" : "${Score} += 1\n");
}

TEST(Loader, IncludesNestTenDeepAndNotEleven) {  // 10-19
  Bench ten;
  add_chain(ten.files, 10);
  EXPECT_EQ(ten.run("include f1.txt\n").score, 1);
  EXPECT_THAT(ten.compiled.problems, IsEmpty());
  Bench eleven;
  add_chain(eleven.files, 11);
  const auto& problems = eleven.compile("include f1.txt\n");
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].file, "f10.txt");
  EXPECT_EQ(one_line(problems[0]), "f10.txt:1:9: error: includes are nested deeper than 10");
}

TEST(Loader, AFileNameMayHaveSpacesAndAnyCase) {  // 10-20
  Bench bench;
  bench.files.set("My Rules.txt", "${Score} += 7\n");
  EXPECT_EQ(bench.run("include my rules.txt  \n").score, 7);
  EXPECT_EQ(bench.run("include \"my rules.txt\"\n").score, 7);
  EXPECT_THAT(bench.compiled.problems, SizeIs(1));
}

TEST(Loader, WhatIsNotSupportedIsNotParsed) {  // 10-21, 10-22
  Bench bench;
  Outcome outcome = bench.run(
      "*IFSUPPORT NoSuchThing\nNoSuchThing \"1 2\n*IFSUPPORT If\n) ( [\n*ENDIF\n*STOP\n*ENDIF\n"
      "*ifsupport IfInBag\n${a} = 1\n*IFSUPPORT length\n${b} = 1\n*endif\n*ENDIF\n");
  EXPECT_THAT(bench.compiled.problems, IsEmpty());
  EXPECT_EQ(outcome.variables["a"], "1");
  EXPECT_EQ(outcome.variables["b"], "1");
}

TEST(Loader, StopEndsTheFileOnly) {  // 10-23
  Bench bench;
  bench.files.set("f.txt", "${Score} += 1\n*IFSUPPORT If\n*STOP\nold notes: ) \" [ unbalanced\n");
  EXPECT_EQ(bench.run("Include f.txt\n${Score} += 2\n").score, 3);
  EXPECT_THAT(bench.compiled.problems, IsEmpty());
}

TEST(Loader, DirectivesMustPairInTheirFile) {
  Bench bench;
  bench.files.set("open.txt", "*IFSUPPORT If\n");
  EXPECT_THAT(bench.compile("Include open.txt\n*ENDIF\n"), SizeIs(2));
  EXPECT_THAT(bench.compile("*FROB\n"), SizeIs(1));
  EXPECT_THAT(bench.compile("*IFSUPPORT\n*ENDIF\n"), SizeIs(1));
}

TEST(Loader, ByteOrderMarkAndCarriageReturnsAreNoText) {
  Bench bench;
  EXPECT_EQ(bench.run("\xEF\xBB\xBF${Score} = 3\r\nIf ${Score} = \"3\"\r\n${Score} += 1\r\nEndIf").score, 4);
  EXPECT_THAT(bench.compiled.problems, IsEmpty());
}

TEST(Loader, AFileThatIsNotThereIsAWarning) {
  Bench bench;
  EXPECT_EQ(bench.run("Include gone.txt\n${Score} = 1\n").score, 1);
  ASSERT_THAT(bench.compiled.problems, SizeIs(1));
  EXPECT_EQ(bench.compiled.problems[0].severity, Severity::warning);
  ScriptTexts nothing;
  EXPECT_TRUE(any_error(compile_from(nothing).problems));
}

TEST(Loader, TenThousandIncludesAreStopped) {
  Bench bench;
  bench.files.set("f.txt", "\n");
  std::string script;
  for (int i = 0; i < 10'000; ++i) script += "Include f.txt\n";
  ASSERT_THAT(bench.compile(script), SizeIs(1));
  EXPECT_THAT(bench.compiled.problems[0].text, HasSubstr("2000 files"));
  // Ten levels that each include the next ten times would be 10^10 files.
  for (int i = 1; i <= 10; ++i) {
    std::string text;
    for (int j = 0; j < 10; ++j) text += "Include g" + std::to_string(i + 1) + ".txt\n";
    bench.files.set("g" + std::to_string(i) + ".txt", text);
  }
  EXPECT_TRUE(any_error(bench.compile("Include g1.txt\n")));
}

TEST(Loader, AFileThatIncludesItselfIsAnError) {
  Bench bench;
  EXPECT_TRUE(any_error(bench.compile("Include spamrules.txt\n")));
}

TEST(Loader, AFolderIsSearchedWithoutRegardToCase) {
  const auto folder = std::filesystem::temp_directory_path() / ("rules-loader-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder / "Sub");
  std::ofstream(folder / "SpamRules.TXT") << "include SPAMRULES_user.txt\ninclude sub\\More.txt\n";
  std::ofstream(folder / "spamrules_User.txt") << "${Score} += 1\n";
  std::ofstream(folder / "Sub" / "more.txt") << "${Score} += 2\n";
  ScriptFolder source{folder};
  const Compiled compiled = compile_from(source);
  std::vector<std::string> names;
  ASSERT_TRUE(compiled.program);
  for (const auto& file : compiled.program->files) names.push_back(file->name);
  std::filesystem::remove_all(folder);
  EXPECT_THAT(names, ElementsAre("SpamRules.TXT", "spamrules_User.txt", "Sub/more.txt"));
  EXPECT_THAT(compiled.problems, IsEmpty());
}

// --- what is said

struct Said {
  const char* script;
  const char* line;  // of the first problem
};

TEST(Problems, NameTheirPlaceAndWhatWasExpected) {
  for (
      const Said& said : std::initializer_list<Said>{
          {"Log \"open\nLog x\n", "spamrules.txt:1:5: error: the quote is not closed on this line; expected \""},
          {"If 1 = 1\n", "spamrules.txt:1:1: error: If is not closed; expected EndIf"},  // 10-59
          {"ForEach URL u\n", "spamrules.txt:1:1: error: ForEach is not closed; expected EndFor"},
          {"BulkScan Score\n", "spamrules.txt:1:1: error: BulkScan is not closed; expected EndBulkScan"},
          {"EndIf\n", "spamrules.txt:1:1: error: EndIf without a block that it could belong to"},
          {"Else\n", "spamrules.txt:1:1: error: Else without a block that it could belong to"},
          {"Break\n", "spamrules.txt:1:1: error: Break stands in no loop"},
          {"Goto nowhere\n", "spamrules.txt:1:6: error: there is no label nowhere"},
          {"Goto ende\n:end\n", "spamrules.txt:1:6: error: there is no label ende; did you mean end?"},
          {"Goto in\nForEach URL u\n:in\nEndFor\n",
           "spamrules.txt:1:6: error: the label in stands inside a loop; a jump into a loop is not possible"},
          {"${a}=5\n",
           "spamrules.txt:1:5: error: an assignment needs an operator with a space on each side; expected =, +=, -=, "
           "*=, /= or .="},
          {"${a} =\n", "spamrules.txt:1:7: error: nothing is assigned; expected a value (\"\" for an empty text)"},
          {"${a} = 1 + 2\n",
           "spamrules.txt:1:10: error: an assignment has one value on its right side; expected quotes around a text "
           "with spaces, or one assignment for each step"},
          {"AddBag unique b\n",
           "spamrules.txt:1:16: error: AddBag needs 3 parameters, but has 2; expected AddBag <unique|multi> <bag name> "
           "<value>"},
          {"AddBag unike b v\n",
           "spamrules.txt:1:8: error: 'unike' is no type; expected unique, multi; did you mean unique?"},
          {"Log a b\n",
           "spamrules.txt:1:7: warning: Log is complete before this (a text with spaces needs quotes); what follows is "
           "ignored; expected Log <text>"},
          {"AddBga unique b v\n",
           "spamrules.txt:1:1: warning: the statement AddBga is not known; it does nothing; did you mean AddBag?"},
          {"${n} = LENGHT x\n",
           "spamrules.txt:1:8: warning: the function LENGHT is not known; the line does nothing; did you mean LENGTH?"},
          {"IfMatch Subject /(/\nEndIf\n",
           "spamrules.txt:1:19: warning: the expression is not understood and never matches: missing closing "
           "parenthesis"},
          {"IfMatch Subject /a/q\nEndIf\n",
           "spamrules.txt:1:20: warning: the expression is not understood and never matches: 'q' is no modifier of an "
           "expression (i, m, s, x)"},
          {"${a} = 1 # five\n",
           "spamrules.txt:1:10: warning: a comment must stand on a line of its own; the rest of the line is ignored"},
          {"${a} = 1 # it's \"broken\n",
           "spamrules.txt:1:10: warning: a comment must stand on a line of its own; the rest of the line is ignored"},
          {"Log ${Scroe}\n",
           "spamrules.txt:1:5: warning: the variable ${scroe} is read but never set; it is empty; did you mean Score?"},
          {"DefineRule r x \"d\"\n",
           "spamrules.txt:1:14: warning: 'x' is no number and counts as 0; expected a weight"},
          {"DefineRule r 1 \"d\"\nDefineRule R 2 \"e\"\n",
           "spamrules.txt:2:12: warning: the rule R is defined twice; this line counts"},
          {"BulkScan Score\nSubject x\nEndBulkScan\n",
           "spamrules.txt:2:1: error: a line of BulkScan has three parts: data, search and value; expected <data> "
           "<search> <value>, or EndBulkScan"},
          {"BulkScan Score\nSubject x y\nEndBulkScan\n",
           "spamrules.txt:2:11: warning: 'y' is no number and counts as 0; expected the value to add"},
          {"BulkScan Score\nIf 1 = 1\nEndBulkScan\n",
           "spamrules.txt:2:1: error: If cannot stand inside BulkScan; expected <data> <search> <value>, or "
           "EndBulkScan"},
          {"ForEach Urls u\nEndFor\n",
           "spamrules.txt:1:9: error: ForEach knows no 'Urls'; expected Addr, Bag, Header, MimeSection, Recipient, "
           "Tag, "
           "URL; did you mean URL?"},
          {"If 1 = 1\nForEach URL u\nEndIf\nEndFor\n",
           "spamrules.txt:3:1: error: EndIf comes while the ForEach of spamrules.txt:2 is open; expected EndFor"},
          {"Include\n", "spamrules.txt:1:8: error: Include without a file; expected a file name, without quotes"},
          {":\n", "spamrules.txt:1:2: error: a label has no name; expected one word after the colon"},
          {":a\n:A\n", "spamrules.txt:2:2: warning: the label A is defined twice; the first one counts"},
          {"Convert x Base65 v\n",
           "spamrules.txt:1:11: error: 'Base65' is no conversion method; expected Base64, DeBase64, UrlEncode, Upper, "
           "Lower, Char, Ord; did you mean Base64?"},
      }) {
    SCOPED_TRACE(said.script);
    Bench bench;
    const auto& problems = bench.compile(said.script);
    ASSERT_FALSE(problems.empty());
    EXPECT_EQ(one_line(problems[0]), said.line);
  }
}

TEST(Problems, WordsTooManyAreAWarningAndStrictlyAnError) {
  for (const char* script : {"Log a b\n", "Stop now\n", "BulkScan Score\nSubject x 5 y\nEndBulkScan\n", "*FOO\n"}) {
    SCOPED_TRACE(script);
    Bench bench;
    bench.compile(script);
    EXPECT_TRUE(bench.compiled.program);
    EXPECT_THAT(bench.compiled.problems, SizeIs(1));
    bench.strictness = Strictness::strict;
    EXPECT_TRUE(any_error(bench.compile(script)));
  }
}

TEST(Problems, ShowTheLineAndACaret) {
  Bench bench;
  const auto& problems = bench.compile("\n\tAddBag unike b v\n");
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(describe(problems[0]),
            "spamrules.txt:2:9: error: 'unike' is no type; expected unique, multi; did you mean unique?\n"
            "    2 | \tAddBag unike b v\n"
            "      | \t       ^~~~~\n");
}

TEST(Problems, AreAllFoundInOneRun) {
  Bench bench;
  bench.files.set("f.txt", "Log \"open\nGoto nowhere\n");
  EXPECT_THAT(bench.compile("${a}=1\nInclude f.txt\nIf 1 = 1\nBreak\nAddBag b\n"), SizeIs(6));
}

// --- printing back

TEST(Tree, PrintsBackWhatWasRead) {
  const std::string script =
      "\xEF\xBB\xBF# comment\r\n\r\n  If  ${a}   =  \"x y\"  [tag]\r\n:label\r\n*STOP\r\nrubbish \" here\r\n";
  std::vector<Problem> problems;
  const FileTree tree = read_tree("f.txt", script, problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(print(tree), script);
  ASSERT_THAT(tree.lines, SizeIs(6));
  EXPECT_EQ(print_words(tree.lines[2]), "If ${a} = \"x y\" [tag]");
  EXPECT_EQ(print_words(tree.lines[5]), "rubbish \" here");
}

TEST(Tree, WordsPrintedAnewReadTheSame) {
  for (const std::string line :
       {"AddBag unique b \"a \\\" b\"", "${x} .= \"y\\\\\"", "Include my file.txt", "*IFSUPPORT If", "*ENDIF", ":here",
        "BulkScan Score [r]", "Subject /a b/ 5", "# remark"}) {
    SCOPED_TRACE(line);
    std::vector<Problem> problems;
    const Line first = parse_line(line, 1, Inside::script, problems);
    const std::string printed = print_words(first);
    const Line second = parse_line(printed, 1, Inside::script, problems);
    EXPECT_THAT(problems, IsEmpty());
    EXPECT_EQ(printed, line);
    EXPECT_EQ(first.kind, second.kind);
    ASSERT_EQ(first.words.size(), second.words.size());
    for (std::size_t i = 0; i < first.words.size(); ++i) EXPECT_EQ(first.words[i].text, second.words[i].text);
  }
}

}  // namespace
}  // namespace pennypost::ruleinterp
