// Many patterns in one pass give what one by one gives: random expressions over random mails, run both ways.
#include "ruleinterp/prefilter.h"

#include <random>

#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_{seed} {}
  std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>{0, most - 1}(engine_); }
  template <std::size_t N>
  std::string one_of(const char* const (&choices)[N]) {
    return choices[below(N)];
  }
  std::string text(std::size_t most) {
    std::string out;
    for (std::size_t length = below(most); out.size() < length;)
      out += one_of({"a", "b", "A", "ab", " ", "  ", "\n", "c", "1", "-", ".", "\xC3\xA9", "abc", "a.b"});
    return out;
  }
  std::string atom() {
    return one_of({"a",      "b",     "ab",     "[abc]",   "[^a]",     "\\w",     "\\s",         "\\d",
                   ".",      "a.b",   "(a|bc)", "(?:ab)?", "\\b",      "^",       "$",           "\\B",
                   "(?=b)",  "(?!b)", "(?<=a)", "(?<!a)",  "(?i:AB)",  "a{2,3}",  "b+?",         "\\.",
                   "(a)\\1", "\\A",   "\\z",    "\\x61",   "(?>ab|a)", "a*+",     "[[:alpha:]]", "\\Qa.b\\E",
                   "\\R",    "\\h",   "(?-i)a", "(?m)^",   "(?s).",    "(?x) a b"});
  }
  std::string pattern() {
    if (below(4) == 0) {
      std::string plain = text(6);
      std::erase_if(plain, [](char c) { return c == '\n' || c == '"'; });
      return plain.empty() || plain[0] == '/' ? "ab" : plain;
    }
    std::string out = "/";
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      out += atom();
      if (below(6) == 0) out += one_of({"*", "+", "?", "{1,2}"});
    }
    return out + "/" + one_of({"", "i", "m", "s", "x", "im", "is", "imsx"});
  }

 private:
  std::mt19937 engine_;
};

// A script compiled twice: with the filter, and with every search tried by itself.
struct BothWays {
  explicit BothWays(const std::string& script) : filtered{compiled(script)}, one_by_one{compiled(script)} {
    if (one_by_one) std::const_pointer_cast<Program>(one_by_one)->prefilters.switch_off();
  }
  static std::shared_ptr<const Program> compiled(const std::string& script) {
    ScriptTexts files;
    files.set("spamrules.txt", script);
    Compiled made = compile_from(files);
    if (!made.program) ADD_FAILURE() << script;
    return made.program;
  }
  static Outcome run(const Program& program, const fakes::PlainMail& mail) {
    const Envelope envelope;
    const Host host;
    return Run{program, mail, envelope, host, {}}.execute();
  }
  std::shared_ptr<const Program> filtered, one_by_one;
};

Outcome outcome_of(const std::string& script, const fakes::PlainMail& mail, bool filtered) {
  const BothWays both{script};
  return BothWays::run(filtered ? *both.filtered : *both.one_by_one, mail);
}

std::string told(const Outcome& outcome) {
  std::string out;
  for (const RuleHit& hit : outcome.hits)
    out += hit.pattern + " -> " + hit.match + " line " + std::to_string(hit.line) + "\n";
  for (const auto& [name, value] : outcome.variables) out += name + "=" + value + "\n";
  out += std::to_string(outcome.instructions) + " lines\n";  // those passed over count
  return out;
}

TEST(Prefilter, GivesTheSameAsTestingOneByOne) {
  for (unsigned seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    std::string script = "BulkScan Score [r]\n";
    for (int i = 0; i < 60; ++i)
      script += random.one_of({"body", "text", "htmltext", "htmlsource", "tag", "url", "Subject", "anytext", "header",
                               "attachment", "X-A"}) +
                " \"" + random.pattern() + "\" 1\n";
    script += "EndBulkScan\n";
    for (int i = 0; i < 10; ++i)
      script += "IfMatch body \"" + random.pattern() +
                "\"\n${g} .= \"<${0}|${1}|${RegExMatches}>\"\nElse\n${g} .= \"-${RegExMatches}\"\nEndIf\n"
                "CountMatches anytext \"" +
                random.pattern() + "\" n\n${g} .= ${n}\n";
    const BothWays both{script};
    for (int m = 0; m < 20; ++m) {
      fakes::PlainMail mail;
      mail.field("Subject", random.text(20)).field("X-A", random.text(9)).field("X-A", random.text(9));
      mail.part("text/plain", random.text(60));
      mail.part("text/html", "<p>" + random.text(40) + "</p><a href=\"http://" + random.text(9) + "\">" +
                                 random.text(9) + "<b x=" + random.text(3) + ">");
      mail.part("text/plain", random.text(60));
      mail.part("image/png", "", Role::attachment, random.text(8));
      EXPECT_EQ(told(BothWays::run(*both.filtered, mail)), told(BothWays::run(*both.one_by_one, mail))) << script;
      if (HasFailure()) return;
    }
  }
}

// Words with spaces and marks between them: texts that are near each other, or nearly so.
TEST(Prefilter, NeighboursAreFoundAsOneByOne) {
  for (unsigned seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    const auto word = [&] { return random.one_of({"free", "Free", "toner", "ink", "an", "anan", "inkan", "nk_a"}); };
    const auto gap = [&] {
      return random.one_of({"\\s+", "\\s*", "\\s", "\\s?", "\\s{2}", "\\W+", "\\W*?", "\\W{0,2}", "\\s+\\b", "\\s+ ",
                            " \\s*", "-\\W*", "\\W*-", "x?\\s+", "\\s+x?", ".", "\\s{x}"});
    };
    std::string script = "BulkScan Score [r]\n";
    for (int i = 0; i < 60; ++i) {
      std::string body = word();
      for (std::size_t n = 1 + random.below(3); n > 0; --n) body += gap() + word();
      script += random.one_of({"body", "anytext", "Subject"}) + " \"/" + body + "/" + random.one_of({"", "i", "s"}) +
                "\" " + std::to_string(i + 1) + "\n";
    }
    const BothWays both{script + "EndBulkScan\n"};
    for (int m = 0; m < 30; ++m) {
      const auto text = [&] {
        std::string out;
        for (std::size_t n = random.below(40); n > 0; --n)
          out += word() +
                 random.one_of(
                     {"", " ", " ", "  ", "\n", "\t", "-", "--", " - ", "_", "x ", " x", "s", "{x}", "\xC3\xA9"}) +
                 (random.below(40) == 0 ? std::string(random.below(200), ' ') : "");
        return out;
      };
      fakes::PlainMail mail;
      mail.field("Subject", text());
      mail.part("text/plain", text());
      mail.part("text/plain", text());
      EXPECT_EQ(told(BothWays::run(*both.filtered, mail)), told(BothWays::run(*both.one_by_one, mail))) << script;
      if (HasFailure()) return;
    }
  }
}

TEST(Prefilter, AWordThatIsRepeatedAMillionTimesCostsLittle) {
  std::string text;
  while (text.size() < 2'000'000) text += "free ";
  std::string script = "BulkScan Score\n";
  for (int i = 0; i < 100; ++i) script += "body /free\\s+x" + std::to_string(i) + "/ 1\n";
  script += "body /free\\s+ink/ 1000\nEndBulkScan\n";
  fakes::PlainMail mail;
  mail.part("text/plain", text + "ink");
  const Outcome outcome = outcome_of(script, mail, true);
  EXPECT_EQ(outcome.score, 1000);
  EXPECT_LT(outcome.time, std::chrono::seconds{20});
}

TEST(Prefilter, BeginAndEndMeanThoseOfOnePiece) {
  fakes::PlainMail mail;
  mail.part("x/y", "", Role::attachment, "a.exe").part("x/y", "", Role::attachment, "b.txt");
  const std::string script =
      "BulkScan Score\nattachment /\\.exe$/ 1\nattachment /^b/ 10\nattachment /\\Ab/ 100\nattachment /exe\\z/ 1000\n"
      "attachment /(?-m)^b/ 10000\nattachment /exe\\sb/ 100000\nEndBulkScan\n";
  EXPECT_EQ(outcome_of(script, mail, true).score, 11111);
  EXPECT_EQ(outcome_of(script, mail, false).score, 11111);
}

TEST(Prefilter, AnExpressionThatCostsTooMuchCountsAsNoMatch) {
  fakes::PlainMail mail;
  mail.part("text/plain", std::string(4000, 'a'));
  const Outcome outcome = outcome_of("IfMatch body \"/^(a+)+$x|^(a|a)*b/\"\n${Score} = 1\nEndIf\n", mail, true);
  EXPECT_EQ(outcome.score, 0);
  EXPECT_EQ(outcome.ended, Ended::at_the_end);
  ASSERT_THAT(outcome.warnings, ::testing::SizeIs(1));
  EXPECT_LT(outcome.time, std::chrono::seconds{20});
}

TEST(Prefilter, TheTextsOfAMailAreMadeOnce) {
  const fakes::PlainMail mail = fakes::PlainMail::hello();
  std::string script = "BulkScan Score\n";
  for (int i = 0; i < 50; ++i)
    script += "body w" + std::to_string(i) + " 1\nanytext v" + std::to_string(i) + " 1\ntext /u" + std::to_string(i) +
              "/ 1\n";
  outcome_of(script + "EndBulkScan\n", mail, true);
  EXPECT_EQ(mail.texts_asked, 1);
}

}  // namespace
}  // namespace pennypost::ruleinterp
