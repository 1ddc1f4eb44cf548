#include "server/imap/commands.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/text.h"

namespace pennypost::imap {

TEST(CommandTable, HoldsEveryCommandOfTheRfc) {
  for (const char* name :
       {"CAPABILITY", "NOOP",   "LOGOUT",    "STARTTLS",  "AUTHENTICATE", "LOGIN", "SELECT", "EXAMINE",
        "CREATE",     "DELETE", "RENAME",    "SUBSCRIBE", "UNSUBSCRIBE",  "LIST",  "LSUB",   "STATUS",
        "APPEND",     "CHECK",  "CLOSE",     "EXPUNGE",   "SEARCH",       "FETCH", "STORE",  "COPY",
        "idle",       "Move",   "namespace", "unselect",  "id",           "enable"}) {
    SCOPED_TRACE(name);
    EXPECT_NE(find_command(name), nullptr);
  }
  EXPECT_EQ(find_command("UID"), nullptr);
  EXPECT_EQ(find_command(""), nullptr);
}

TEST(CommandTable, UidFormsAreThoseOfTheRfcs) {
  std::vector<std::string_view> names;
  for (const CommandEntry& entry : all_commands())
    if (entry.row->has_uid_form) names.push_back(entry.row->name);
  EXPECT_THAT(names, testing::ElementsAre("COPY", "EXPUNGE", "FETCH", "MOVE", "SEARCH", "STORE"));
}

TEST(CommandTable, EveryCommandIsSpokenInASessionFile) {
  std::string lines;
  const std::filesystem::path files =
      std::filesystem::path{PENNYPOST_TESTDATA}.parent_path() / "conformance/sessions/imap";
  for (const auto& file : std::filesystem::directory_iterator{files}) {
    std::ifstream in{file.path()};
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("C")) lines += to_upper(line) + " \n";
  }
  for (const CommandEntry& entry : all_commands())
    EXPECT_THAT(lines, testing::HasSubstr(" " + std::string{entry.row->name} + " "));
}

TEST(Capabilities, SayWhatCanBeDoneNow) {
  const std::vector<std::string_view> mechanisms{"PLAIN", "SCRAM-SHA-256"};
  CapabilityFacts facts;
  facts.can_start_tls = true;
  facts.login_disabled = true;
  facts.mechanisms = mechanisms;
  facts.append_limit = 1000;
  const std::string before = capabilities(facts);
  EXPECT_THAT(before, testing::StartsWith("IMAP4rev1 "));
  for (const char* word : {" IDLE", " UIDPLUS", " MOVE", " NAMESPACE", " CHILDREN", " UNSELECT", " ID", " LITERAL+",
                           " SPECIAL-USE", " SASL-IR", " ENABLE", " STARTTLS", " LOGINDISABLED", " AUTH=PLAIN",
                           " AUTH=SCRAM-SHA-256", " APPENDLIMIT=1000"})
    EXPECT_THAT(before, testing::HasSubstr(word));
  facts.is_authenticated = true;
  facts.idle = false;
  const std::string after = capabilities(facts);
  for (const char* word : {" IDLE", "STARTTLS", "LOGINDISABLED", "AUTH="})
    EXPECT_THAT(after, testing::Not(testing::HasSubstr(word)));
  EXPECT_THAT(after, testing::HasSubstr(" MOVE"));
}

TEST(CommandParsers, RefuseWhatIsTooMuchAndTooLittle) {
  struct Row {
    const char* name;
    const char* arguments;
    bool good;
  };
  for (const auto& [name, arguments, good] : {
           Row{"NOOP", "", true},
           Row{"NOOP", "x", false},
           Row{"LOGIN", "a b", true},
           Row{"LOGIN", "a", false},
           Row{"LOGIN", "", false},
           Row{"SELECT", "inbox", true},
           Row{"SELECT", "inbox (CONDSTORE)", true},
           Row{"SELECT", "inbox (FOO)", false},
           Row{"SELECT", "\"\"", false},
           Row{"CREATE", "a/b/ (USE (\\Sent))", true},
           Row{"CREATE", "a (USE (\\Foo))", false},
           Row{"RENAME", "a b", true},
           Row{"RENAME", "a", false},
           Row{"STATUS", "a (MESSAGES UNSEEN)", true},
           Row{"STATUS", "a ()", false},
           Row{"STATUS", "a (FOO)", false},
           Row{"STATUS", "a MESSAGES", false},
           Row{"LIST", "\"\" *", true},
           Row{"LIST", "(SUBSCRIBED) \"\" (a b) RETURN (CHILDREN)", true},
           Row{"LIST", "(RECURSIVEMATCH) \"\" *", false},
           Row{"LIST", "\"\"", false},
           Row{"APPEND", "a {1}\r\nx", true},
           Row{"APPEND", "a (\\Seen) {1}\r\nx {1}\r\ny", true},
           Row{"APPEND", "a (\\Seen)", false},
           Row{"APPEND", "a \"x\" {1}\r\nx", false},
           Row{"STORE", "1 +FLAGS (\\Seen)", true},
           Row{"STORE", "1 FLAGS.SILENT \\Seen foo", true},
           Row{"STORE", "1 (UNCHANGEDSINCE 5) -FLAGS ()", true},
           Row{"STORE", "1 +FLAG (\\Seen)", false},
           Row{"STORE", "a FLAGS ()", false},
           Row{"FETCH", "1:* FLAGS (CHANGEDSINCE 7)", true},
           Row{"FETCH", "1:*", false},
           Row{"COPY", "1 a", true},
           Row{"COPY", "1", false},
           Row{"SEARCH", "RETURN () ALL", true},
           Row{"SEARCH", "RETURN (FOO) ALL", false},
           Row{"SEARCH", "CHARSET UTF-8 ALL", true},
           Row{"ID", "NIL", true},
           Row{"ID", "(\"name\" \"x\" \"y\" NIL)", true},
           Row{"ID", "(\"name\")", false},
           Row{"ENABLE", "CONDSTORE FOO", true},
           Row{"ENABLE", "", false},
           Row{"AUTHENTICATE", "PLAIN AGE=", true},
           Row{"AUTHENTICATE", "PLAIN =", true},
           Row{"AUTHENTICATE", "PLAIN", true},
       }) {
    SCOPED_TRACE(std::string{name} + " " + arguments);
    const auto command = find_command(name)->make();
    Arguments in{arguments};
    EXPECT_EQ(command->parse(in).ok(), good);
  }
}

TEST(CommandParsers, ReadTheSeedsOfTheFuzzerWithoutHarm) {
  int seeds = 0;
  for (const auto& file : std::filesystem::directory_iterator{PENNYPOST_TESTDATA "/fuzz/imap_commands"}) {
    SCOPED_TRACE(file.path().string());
    std::ifstream in{file.path(), std::ios::binary};
    const std::string octets{std::istreambuf_iterator<char>{in}, {}};
    ASSERT_FALSE(octets.empty());
    const auto number = static_cast<unsigned char>(octets[0]);
    const auto command = all_commands()[(number & 0x7fU) % all_commands().size()].make();
    Arguments arguments{std::string_view{octets}.substr(1), {}, 0, (number & 0x80U) != 0};
    const auto parsed = command->parse(arguments);
    EXPECT_TRUE(parsed.ok()) << parsed.error().for_client;
    ++seeds;
  }
  EXPECT_GT(seeds, 15);
}

}  // namespace pennypost::imap
