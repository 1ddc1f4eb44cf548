#include "server/base/log.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/random.h"

namespace pennypost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr LogEvent kLogin{"auth.login_failed", Level::warning, "login failed for {name}: {reason}"};
constexpr LogEvent kDetail{"test.detail", Level::debug, "detail"};

// One sink for one test.
struct Listening {
  explicit Listening(Level least = Level::debug, LogForm form = LogForm::text)
      : ring{std::make_shared<RingLog>(least, 1000, form)} {
    add_log_sink(ring);
  }
  ~Listening() { remove_log_sink(ring); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  std::shared_ptr<RingLog> ring;
};

const Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + std::chrono::hours{12} +
                      std::chrono::microseconds{123456}};

TEST(Log, ALineForPeopleHasItsSentenceAndTheRestOfItsFields) {
  const TestClock clock{kNoon};
  const Listening listening;
  const LogScope scope{"session", "imap-1"};
  log(kLogin, {{"name", "ann"},
               {"reason", "no such account"},
               {"tries", 3},
               {"size", 5_KiB},
               {"note", "two words"},
               {"tls", true}});
  EXPECT_THAT(listening.ring->lines(),
              ElementsAre("2026-01-31 12:00:00.123 warning auth.login_failed: login failed for ann: no such account "
                          "session=imap-1 tries=3 size=5120 note=\"two words\" tls=yes"));
}

TEST(Log, ALineForMachinesIsJsonWhateverIsInIt) {
  const TestClock clock{kNoon};
  const Listening listening{Level::debug, LogForm::json};
  log(kLogin, {{"name", "a\"\\\n\xC3\xA9\xFF"}, {"n", -5}, {"r", 0.5}, {"ok", false}});
  EXPECT_THAT(
      listening.ring->lines(),
      ElementsAre("{\"time\":\"2026-01-31T12:00:00.123456Z\",\"level\":\"warning\",\"event\":\"auth.login_failed\","
                  "\"name\":\"a\\\"\\\\\\u000a\xC3\xA9\xEF\xBF\xBD\",\"n\":-5,\"r\":0.5,\"ok\":false,"
                  "\"text\":\"login failed for a\\\"\\\\\\\\x0a\xC3\xA9\xEF\xBF\xBD: -\"}"));
}

TEST(Log, AStrangersLineBreakMakesNoSecondLine) {
  const Listening listening;
  log(kLogin, {{"name", "x\n2026-01-31 12:00:00.123 warning forged"}, {"reason", "\r\n"}});
  ASSERT_THAT(listening.ring->lines(), SizeIs(1));
  EXPECT_EQ(listening.ring->lines()[0].find('\n'), std::string::npos);
}

TEST(Log, LevelsAndSinksDecideWhoHearsWhat) {
  EXPECT_FALSE(log_takes(Level::error));
  const Listening loud{Level::debug};
  const Listening quiet{Level::warning};
  EXPECT_TRUE(log_takes(Level::debug));
  log(kDetail);
  log(kLogin);
  EXPECT_THAT(loud.ring->lines(), SizeIs(2));
  EXPECT_THAT(quiet.ring->lines(), SizeIs(1));
}

TEST(Log, AnErrorGivesItsKindAndReasonAndTheScopeEnds) {
  const Listening listening;
  log(kLogin, error(Kind::unavailable, "try later", "socket gone"), {{"name", "ann"}});
  {
    const LogScope outer{"session", "1"};
    const LogScope inner{"session", "2"};
    EXPECT_EQ(LogScope::current("session"), "2");
  }
  EXPECT_EQ(LogScope::current("session"), "");
  EXPECT_TRUE(listening.ring->has("login failed for ann: socket gone kind=unavailable"));
}

TEST(Log, CountsEventsFromNoticeUpwardsEvenWhenNobodyListens) {
  const auto count = [] {
    for (const auto& [name, n] : log_counts())
      if (name == kLogin.name) return n;
    return std::uint64_t{0};
  };
  const auto before = count();
  log(kLogin);
  EXPECT_EQ(count(), before + 1);
}

TEST(Log, AFileGetsWholeLinesFromManyThreadsAndSurvivesRotation) {
  const std::string path = std::filesystem::temp_directory_path() / ("pennypost-log-" + random_name(8));
  const auto file = file_log(path, Level::debug);
  ASSERT_TRUE(file);
  add_log_sink(*file);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i) log(kLogin, {{"name", "ann"}, {"reason", i}});
      });
  }
  std::filesystem::rename(path, path + ".1");
  reopen_log_sinks();
  log(kDetail);
  remove_log_sink(*file);
  std::ifstream old{path + ".1"};
  int lines = 0;
  for (std::string line; std::getline(old, line); ++lines) EXPECT_THAT(line, HasSubstr("login failed for ann: "));
  EXPECT_EQ(lines, 2000);
  std::ifstream fresh{path};
  std::string line;
  EXPECT_TRUE(std::getline(fresh, line));
  EXPECT_THAT(line, HasSubstr("test.detail"));
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".1");
  EXPECT_FALSE(file_log("/nonexistent/x.log", Level::debug));
}

TEST(Log, AFileOfOneSubjectTakesItsEventsAlone) {
  const std::string path = std::filesystem::temp_directory_path() / ("pennypost-log-" + random_name(8));
  const auto file = file_log(path, Level::debug, LogForm::text, "auth.");
  ASSERT_TRUE(file);
  add_log_sink(*file);
  log(kDetail);
  log(kLogin, {{"name", "ann"}, {"reason", "no"}});
  remove_log_sink(*file);
  std::ifstream in{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("auth.login_failed")));
  std::filesystem::remove(path);
}

TEST(Clock, IsTheSystemsUnlessATestSaysOtherwise) {
  EXPECT_GT(now(), kNoon - std::chrono::years{2});
  {
    TestClock clock{kNoon};
    EXPECT_EQ(now(), kNoon);
    clock.advance(std::chrono::hours{1});
    EXPECT_EQ(now(), kNoon + std::chrono::hours{1});
  }
  EXPECT_NE(now(), kNoon + std::chrono::hours{1});
}

}  // namespace
}  // namespace pennypost
