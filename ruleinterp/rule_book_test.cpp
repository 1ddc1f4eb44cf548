#include "ruleinterp/rule_book.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"

namespace pennypost::ruleinterp {
namespace {

namespace fs = std::filesystem;

class RuleBooks : public ::testing::Test {
 protected:
  RuleBooks() : folder{fs::temp_directory_path() / ("rule-book-" + std::to_string(getpid()))} {
    fs::create_directories(folder);
  }
  ~RuleBooks() override { fs::remove_all(folder); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder / name} << text;
    fs::last_write_time(folder / name, fs::file_time_type::clock::now() + std::chrono::seconds{++writes_});
  }
  static double score(const std::shared_ptr<const Program>& program) {
    if (!program) return -1;
    const fakes::PlainMail mail = fakes::PlainMail::hello();
    const Envelope envelope;
    const Host host;
    return ruleinterp::Run{*program, mail, envelope, host, {}}.execute().score;
  }

  fs::path folder;

 private:
  int writes_ = 0;
};

TEST_F(RuleBooks, LoadAnewWhenAnyFileChangesAppearsOrGoes) {
  write("SPAMRULES.txt", "Include user.txt\n${Score} += 1\n");
  RuleBook book{folder};
  book.pause = std::chrono::milliseconds{0};
  EXPECT_EQ(score(book.current()), 1);
  book.current();
  EXPECT_EQ(book.loads(), 1);
  write("User.txt", "${Score} += 10\n");
  EXPECT_EQ(score(book.current()), 11);
  write("User.txt", "${Score} += 20\n");
  EXPECT_EQ(score(book.current()), 21);
  fs::remove(folder / "User.txt");
  EXPECT_EQ(score(book.current()), 1);
  EXPECT_EQ(book.loads(), 4);
}

TEST_F(RuleBooks, ABrokenScriptKeepsTheLastGoodProgram) {  // 10-59
  write("spamrules.txt", "${Score} = 5\n");
  std::vector<std::string> told;
  RuleBook book{folder, [&](const std::vector<Problem>& problems, bool running) {
                  for (const Problem& problem : problems)
                    told.push_back((running ? "running " : "") + one_line(problem));
                }};
  book.pause = std::chrono::milliseconds{0};
  EXPECT_EQ(score(book.current()), 5);
  write("spamrules.txt", "${Score} = 6\nIf 1 = 1\n");
  EXPECT_EQ(score(book.current()), 5);
  EXPECT_THAT(told, ::testing::ElementsAre("running spamrules.txt:2:1: error: If is not closed; expected EndIf"));
  write("spamrules.txt", "${Score} = 7\n");
  EXPECT_EQ(score(book.current()), 7);
}

TEST_F(RuleBooks, WithoutAnyScriptThereIsNoProgram) {
  RuleBook book{folder};
  EXPECT_EQ(book.current(), nullptr);
  EXPECT_TRUE(any_error(book.problems()));
}

TEST_F(RuleBooks, FilesAreLookedAtOnlyOnceInThePause) {
  write("spamrules.txt", "${Score} = 5\n");
  RuleBook book{folder};
  book.pause = std::chrono::hours{1};
  EXPECT_EQ(score(book.current()), 5);
  write("spamrules.txt", "${Score} = 6\n");
  EXPECT_EQ(score(book.current()), 5);
  book.look_now();
  EXPECT_EQ(score(book.current()), 6);
}

TEST_F(RuleBooks, SixteenThreadsShareOneProgram) {
  std::string script = "BulkScan Score [r]\n";
  for (int i = 0; i < 40; ++i)
    script += "body \"/w" + std::to_string(i) + "\\s*|one/\" 1\nSubject word" + std::to_string(i) + " 1\n";
  script += "EndBulkScan\nForEach MimeSection s\nIfMatch ${s} \"/^(\\d+):/\"\n${x} .= ${1}\nEndIf\nEndFor\n";
  write("spamrules.txt", script);
  RuleBook book{folder};
  book.pause = std::chrono::milliseconds{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i)
        if (score(book.current()) != 40) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(book.loads(), 1);
}

}  // namespace
}  // namespace pennypost::ruleinterp
