// A folder laid out as an old installation's runs unchanged (issue 3, done when), and the manual is in step with the
// tables.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"
#include "ruleinterp/tools/format.h"
#include "ruleinterp/tools/manual.h"
#include "ruleinterp/tools/manual_pages.h"

namespace pennypost::ruleinterp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Installation : public ::testing::Test {
 protected:
  Installation() {
    ScriptFolder source{PENNYPOST_TESTDATA "/rules/old_installation"};
    bench.compiled = compile_from(source);
    bench.bayes.percent = 20;
  }
  fakes::Bench bench;
};

TEST_F(Installation, LoadsWithoutAnyProblem) {
  for (const Problem& problem : bench.compiled.problems) ADD_FAILURE() << describe(problem);
  ASSERT_TRUE(bench.compiled.program);
  EXPECT_EQ(bench.compiled.program->files.size(), 9u);
  EXPECT_GE(bench.compiled.program->rules.size(), 12u);
  EXPECT_THAT(bench.compiled.program->null_addresses, ElementsAre("spam", "notspam"));
}

TEST_F(Installation, JudgesAnOrdinaryMessage) {
  const Outcome outcome = bench.run_again();
  EXPECT_THAT(outcome.warnings, IsEmpty());
  EXPECT_EQ(outcome.score, 200);  // Report.EXE, weight 2
  EXPECT_THAT(outcome.matched_conditions, ElementsAre("Executables"));
  EXPECT_THAT(outcome.log, ElementsAre("score=200 rules=Executables"));
  EXPECT_EQ(outcome.headers.size(), 2u);
}

TEST_F(Installation, FindsPhrasesListsAndLinks) {
  bench.bayes.percent = 95;
  bench.envelope.sender_ip = "192.0.2.1";
  bench.dns.answers["A 1.2.0.192.bl.example.net"] = {{"x", "a", "127.0.0.2", 0}};
  bench.dns.answers["A spam.example.uri.example.net"] = {{"x", "a", "127.0.0.4", 0}};
  bench.mail = fakes::PlainMail{};
  bench.mail.field("Subject", "FREE TONER FOREVER").field("X-Upstream-Verdict", "Bad");
  bench.mail.part("text/plain", "cheap watches at http://SPAM.example/x");
  const Outcome outcome = bench.run_again();
  EXPECT_THAT(outcome.warnings, IsEmpty());
  EXPECT_THAT(outcome.matched_conditions, ElementsAre("OwnWords", "surbl", "AllCaps", "bayes", "bl.example.net"));
  EXPECT_EQ(bench.dns.asked.size(), 2u);
}

TEST_F(Installation, EndsEarlyForLocalMail) {
  bench.envelope.auth_sender = "bob";
  bench.envelope.recipients = {"new@far.example", "spam@here.example"};
  bench.directory.types["spam@here.example"] = "User";
  const Outcome outcome = bench.run_again();
  EXPECT_EQ(outcome.ended, Ended::stop);
  EXPECT_THAT(bench.lists.entries(List::white), ElementsAre("new@far.example"));
  EXPECT_THAT(bench.bayes.acts, ElementsAre("-ham", "+spam"));
}

TEST_F(Installation, MeansTheSameWhenFormatted) {
  ScriptTexts formatted;
  for (const auto& file : bench.compiled.program->files) formatted.set(file->name, format_script(file->text));
  const Outcome before = bench.run_again();
  fakes::Bench other;
  other.bayes.percent = bench.bayes.percent;
  other.compiled = compile_from(formatted);
  ASSERT_TRUE(other.compiled.program);
  EXPECT_EQ(to_json(other.run_again()).substr(0, 400), to_json(before).substr(0, 400));
}

std::string file_of(const std::string& name) {
  std::ifstream in{std::string{PENNYPOST_TESTDATA} + "/../docs/" + name};
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

TEST(Manual, IsPrintedFromTheTables) {
  const std::string manual = file_of("rules.md");
  const std::size_t begin = manual.find(kManualBegin), end = manual.find(kManualEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(manual.substr(begin + kManualBegin.size(), end - begin - kManualBegin.size()), manual_of_words())
      << "print it anew with `pennypost rules manual`";
}

TEST(Manual, TheTableOfCompatibilityNamesEveryWord) {
  const std::string table = file_of("compatibility/rules.md");
  std::vector<std::string> words;
  for (const Statement& row : statements()) words.emplace_back(row.word);
  for (const Function& row : functions()) words.emplace_back(row.word);
  for (const Selector& row : selectors()) words.emplace_back(row.word);
  for (const Builtin& row : builtins()) words.push_back("${" + std::string{row.word} + "}");
  for (const LoopType& row : loop_types()) words.push_back("ForEach " + std::string{row.word});
  for (const std::string& word : words) EXPECT_THAT(table, HasSubstr("| `" + word + "` |"));
}

TEST(Manual, TheColoursOfEditorsKnowEveryStatement) {
  const std::string colours = file_of("editors/pennypost-rules.tmLanguage.json");
  for (const Statement& row : statements())
    EXPECT_TRUE(colours.find("|" + std::string{row.word} + "|") != std::string::npos ||
                colours.find("(" + std::string{row.word} + "|") != std::string::npos ||
                colours.find("|" + std::string{row.word} + ")") != std::string::npos)
        << row.word;
}

TEST(Manual, TheScriptsInItsChaptersCompile) {
  const std::string manual = file_of("rules.md");
  std::istringstream lines{manual.substr(0, manual.find(kManualBegin))};
  std::string block;
  int blocks = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("    ")) {
      block += line.substr(4) + '\n';
      continue;
    }
    if (line.empty() && !block.empty() && lines.peek() == ' ') continue;
    if (!block.empty() && !block.starts_with("pennypost ")) {
      ++blocks;
      fakes::Bench bench;
      for (const Problem& problem : bench.compile(block))
        if (problem.severity == Severity::error) ADD_FAILURE() << describe(problem) << block;
    }
    block.clear();
  }
  EXPECT_GE(blocks, 12);
}

TEST(Manual, EveryStatementHasAPageAndEveryExampleCompiles) {
  EXPECT_EQ(manual_pages().size(), statements().size());
  for (const Statement& row : statements()) {
    SCOPED_TRACE(row.word);
    const ManualPage* page = find_manual_page(row.word);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->word, row.word);
    if (page->example.empty()) {
      EXPECT_TRUE(row.block == Block::closes || row.block == Block::alternative);
      continue;
    }
    EXPECT_THAT(page->example, HasSubstr(std::string{row.word}));
    EXPECT_TRUE(page->example.ends_with('\n'));
    fakes::Bench bench;
    for (const Problem& problem : bench.compile(std::string{page->example})) ADD_FAILURE() << describe(problem);
    EXPECT_THAT(bench.run_again().warnings, IsEmpty());
    EXPECT_EQ(format_script(std::string{page->example}), page->example);
  }
}

TEST(Manual, EveryWordHasAnEntry) {
  for (const Statement& row : statements()) EXPECT_THAT(manual_of(row.word), HasSubstr(std::string{row.says}));
  EXPECT_EQ(manual_of("nonsense"), "");
}

}  // namespace
}  // namespace pennypost::ruleinterp
