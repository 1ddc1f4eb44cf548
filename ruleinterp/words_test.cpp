// Selectors and variables, each by its own row (spec 10 section 4.2, 11 section 2.2).
#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

using fakes::Bench;
using ::testing::IsEmpty;

TEST(Selectors, EachSearchesItsOwnTexts) {
  Bench bench;
  bench.mail = fakes::PlainMail{};
  bench.mail.field("Subject", "=?x?subj?=", "subjword").field("X-A", "fieldword");
  bench.mail.part("text/plain", "plainword http://raw%75rl.example/\r\nline");
  bench.mail.part("text/html", "<p class=tagword>html<b>word</b></p>");
  bench.mail.part("text/plain", "attachword", Role::attachment, "filename.txt");
  bench.lists.add(List::white, "w@x.example");
  bench.lists.add(List::black, "b@x.example");
  const std::vector<std::string> words = {"subjword",   "fieldword",   "plainword",  "htmlword",       "html<b>word",
                                          "tagword",    "attachword",  "filename",   "rawurl.example", "raw%75rl",
                                          "=?x?subj?=", "w@x.example", "b@x.example"};
  struct Row {
    const char* selector;
    std::vector<std::string> finds;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"text", {"plainword", "raw%75rl"}},
           {"texta", {"plainword", "raw%75rl", "attachword"}},
           {"body", {"plainword", "raw%75rl", "htmlword"}},
           {"bodya", {"plainword", "raw%75rl", "htmlword", "attachword"}},
           {"anytext", {"subjword", "plainword", "raw%75rl", "htmlword"}},
           {"anytexta", {"subjword", "plainword", "raw%75rl", "htmlword", "attachword"}},
           {"htmlsource", {"html<b>word", "tagword"}},
           {"htmlsourcea", {"html<b>word", "tagword", "attachword"}},
           {"htmltext", {"htmlword"}},
           {"htmltexta", {"htmlword", "attachword"}},
           {"raw-header", {"=?x?subj?=", "fieldword"}},
           {"header", {"subjword", "fieldword"}},
           {"tag", {"tagword"}},
           {"rawurl", {"raw%75rl"}},
           {"url", {"rawurl.example"}},
           {"attachment", {"filename"}},
           {"rawmessage", {"=?x?subj?=", "fieldword", "plainword", "raw%75rl", "html<b>word", "tagword", "attachword"}},
           {"whitelist", {"w@x.example"}},
           {"blacklist", {"b@x.example"}},
           {"subject", {"subjword"}},
           {"raw-subject", {"=?x?subj?="}},
           {"x-a", {"fieldword"}},
           {"x-absent", {}},
       }) {
    SCOPED_TRACE(row.selector);
    for (const std::string& word : words) {
      SCOPED_TRACE(word);
      Outcome outcome =
          bench.run(std::string{"${r} = 0\nIfMatch "} + row.selector + " \"" + word + "\"\n${r} = 1\nEndIf\n");
      EXPECT_THAT(outcome.warnings, IsEmpty());
      const bool expected = std::find(row.finds.begin(), row.finds.end(), word) != row.finds.end();
      EXPECT_EQ(outcome.variables["r"], expected ? "1" : "0");
    }
  }
}

TEST(Variables, EachHasItsValueAtTheStart) {
  Bench bench;
  bench.envelope = {Arrival::smtp, "from@x", {"a@x", "b@x"}, "192.0.2.1", "bob",  true,         "helo.x",
                    "rdns.x",      "1",      "softfail",     "none",      "fail", "quarantine", "dom.x"};
  bench.host.version = "6.15";
  bench.host.build = "42";
  bench.host.now = [] { return std::chrono::system_clock::time_point{std::chrono::hours{12}}; };
  bench.mail.part("image/png", "x", Role::inlined, "i.png");
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"MailFrom", "from@x"},
           {"RcptCount", "2"},
           {"SenderIP", "192.0.2.1"},
           {"Subject", "Hello World"},
           {"MatchedConditions", ""},
           {"Size", "60"},
           {"AttachmentCount", "1"},
           {"InlineAttachmentCount", "1"},
           {"VPOP3Build", "42"},
           {"WeightBank", "0"},
           {"RegExMatches", "0"},
           {"DNSServers", "127.0.0.1"},
           {"BayesSize", "7"},
           {"AuthSender", "bob"},
           {"AnyInvalidRecipients", "1"},
           {"VPOP3Version", "6.15"},
           {"BATV", "1"},
           {"SPFResult", "softfail"},
           {"DKIMResult", "none"},
           {"SMTPHelo", "helo.x"},
           {"SMTPReverseDNS", "rdns.x"},
           {"DMARCResult", "fail"},
           {"DMARCDisposition", "quarantine"},
           {"DMARCDomain", "dom.x"},
           {"TimeNow", "1970-01-01T12:00:00Z"},
           {"TimeNowDays", "134774.5"},
           {"RFC822TimeNow", "Thu, 01 Jan 1970 12:00:00 +0000"},
           {"Score", "0"},
       }) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(find_builtin(name));
    EXPECT_EQ(bench.run(std::string{"${r} = \"${"} + name + "}\"\n").variables["r"], value);
  }
}

TEST(Dates, GetDateNowIsAWholeNumberOfDays) {
  Bench bench;
  bench.host.now = [] { return std::chrono::system_clock::time_point{std::chrono::hours{36}}; };
  EXPECT_EQ(bench.run("${n} = GetDateNow\n").variables["n"], "134775");
}

TEST(Loading, TwentyThousandLinesAreLoadedWhole) {
  std::string script = "DefineRule r 1 \"d\"\n";
  for (int i = 0; i < 2000; ++i)
    script += "If ${a" + std::to_string(i % 50) + "} > " + std::to_string(i) +
              "\n  ${Score} += 1 [r]\nEndIf\nBulkScan Score [r]\n  body /w" + std::to_string(i) +
              "\\s+x/i 5\n  Subject \"plain " + std::to_string(i) + "\" 3\nEndBulkScan\n${a" + std::to_string(i % 50) +
              "} .= \"x ${Subject} y\"\n# comment\nLog \"line ${Score}\"\n";
  Bench bench;
  const auto before = std::chrono::steady_clock::now();
  bench.compile(script);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
  ASSERT_TRUE(bench.compiled.program);
  EXPECT_GE(bench.compiled.program->code.size(), 12'000u);
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  std::printf("20,001 lines loaded in %d ms\n", static_cast<int>(took.count()));
}

}  // namespace
}  // namespace pennypost::ruleinterp
