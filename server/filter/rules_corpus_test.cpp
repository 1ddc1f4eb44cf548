// Many patterns in one pass against one by one, on real mail: every message of the corpus where $PENNYPOST_CORPUS names
// it (scripts/fetch-corpus), otherwise those of testdata.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"
#include "server/filter/mail_view.h"

namespace pennypost::filter {
namespace {

namespace fs = std::filesystem;

std::string searches() {
  std::string script = "BulkScan Score [r]\n";
  int value = 1;
  const auto line = [&](const std::string& data, const std::string& search) {
    script += data + " \"" + search + "\" " + std::to_string(value++ % 13 + 1) + "\n";
  };
  for (const char* word : {"free", "money", "click", "offer", "list", "linux", "unsubscribe", "guarantee", "credit",
                           "mortgage", "viagra", "the", "http", "razor", "perl", "price"}) {
    const std::string w = word;
    for (const char* data : {"body", "anytext", "text", "htmltext", "Subject", "header"}) {
      line(data, w);
      line(data, "/\\b" + w + "\\b/i");
      line(data, "/" + w + "[!.,]+\\s*$/im");
      line(data, "/^.{0,20}" + w + "/");
      line(data, "/(?<!un)" + w + "(?!er)\\W{1,3}\\w+\\1?/i");
    }
    for (const char* next : {"the", "is", "of", "to", "here", "trade", "user", "mailing", "you"}) {
      line("body", "/" + w + "\\s+" + next + "/i");
      line("anytext", "/" + std::string{next} + "\\W{1,3}" + w + "/");
    }
    line("url", "/" + w + ".*\\.(com|net)$/i");
    line("tag", "/^a\\s+href=.*" + w + "/is");
    line("htmlsource", "/<(b|font)[^>]*>[^<]*" + w + "/i");
    line("raw-header", "/^X-[^:]*: .*" + w + "/im");
    line("Received", "/" + w + "|\\[\\d+(?:\\.\\d+){3}\\]/");
  }
  return script + "EndBulkScan\n";
}

std::string told(const ruleinterp::Outcome& outcome) {
  std::string out;
  for (const ruleinterp::RuleHit& hit : outcome.hits) out += std::to_string(hit.line) + ":" + hit.match + "\n";
  return out;
}

TEST(RulesOnRealMail, OnePassFindsWhatOneByOneFinds) {
  const char* given = std::getenv("PENNYPOST_CORPUS");
  const fs::path folder = given ? given : PENNYPOST_TESTDATA "/messages";
  ruleinterp::ScriptTexts files;
  files.set("spamrules.txt", searches());
  const auto filtered = ruleinterp::compile_from(files).program;
  const auto plain = ruleinterp::compile_from(files).program;
  ASSERT_TRUE(filtered && plain);
  std::const_pointer_cast<ruleinterp::Program>(plain)->prefilters.switch_off();
  const ruleinterp::Envelope envelope;
  const ruleinterp::Host host;
  std::size_t messages = 0, hits = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in{entry.path(), std::ios::binary};
    const std::string raw{std::istreambuf_iterator<char>{in}, {}};
    const message::Message message = message::parse(raw);
    const MailView mail{message};
    const std::string one_pass = told(ruleinterp::Run{*filtered, mail, envelope, host, {}}.execute());
    ASSERT_EQ(one_pass, told(ruleinterp::Run{*plain, mail, envelope, host, {}}.execute())) << entry.path();
    ++messages;
    if (!one_pass.empty()) ++hits;
  }
  EXPECT_GT(messages, 40U);
  EXPECT_GT(hits, 0U);
}

}  // namespace
}  // namespace pennypost::filter
