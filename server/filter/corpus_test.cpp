// The default rules and Bayes, measured on real mail: Bayes learns one half of the SpamAssassin corpus and the rules
// judge the other, both ways; more than one pair of halves. Reads the folder that PENNYPOST_CORPUS names
// (scripts/fetch-corpus prints it).
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"
#include "server/filter/bayes.h"
#include "server/filter/mail_view.h"
#include "server/filter/rule_set.h"

namespace pennypost::filter {
namespace {

namespace fs = std::filesystem;

constexpr int kOtherHalves = 5;  // ways to cut

struct Sample {
  fs::path path;
  std::string raw;
  bool spam = false;
};

std::vector<Sample> samples(const fs::path& corpus) {
  std::vector<Sample> out;
  for (const auto& entry : fs::recursive_directory_iterator{corpus}) {
    const auto folder = entry.path().parent_path().filename().string();
    if (entry.path().extension() != ".txt" || !entry.is_regular_file()) continue;
    std::ifstream file{entry.path(), std::ios::binary};
    out.push_back({entry.path(), {std::istreambuf_iterator<char>{file}, {}}, folder.starts_with("spam-")});
  }
  std::ranges::sort(out, {}, &Sample::path);
  return out;
}

/// A way to cut the corpus into two halves, 0 and 1: of each sample in its order, which one.
using Halves = std::vector<int>;

// Mails that were sent to several addresses at once lie side by side: one of them is learned, the other judged.
Halves every_second(const std::vector<Sample>& all) {
  Halves out;
  for (std::size_t i = 0; i < all.size(); ++i) out.push_back(static_cast<int>(i % 2));
  return out;
}

// By the n-th bit of a hash (FNV-1a) of folder and name.
Halves by_name(const std::vector<Sample>& all, int bit) {
  Halves out;
  for (const auto& sample : all) {
    std::uint64_t hash = 14'695'981'039'346'656'037ULL;
    for (const char c : sample.path.parent_path().filename().string() + "/" + sample.path.filename().string())
      hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    hash ^= hash >> 32;
    out.push_back(static_cast<int>(hash >> bit & 1));
  }
  return out;
}

struct Judged {
  int spam = 0, found = 0, ham = 0, marked = 0;
  std::chrono::nanoseconds running{};
};

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    const char* corpus = std::getenv("PENNYPOST_CORPUS");
    if (!corpus || !fs::is_directory(corpus))
      GTEST_SKIP() << "PENNYPOST_CORPUS names no folder (scripts/fetch-corpus prints one)";
    all_ = samples(corpus);
    ASSERT_GT(all_.size(), 6000U);
    ruleinterp::ScriptTexts files;
    for (const auto& file : default_rules()) files.set(file.name, file.text);
    program_ = ruleinterp::compile_from(files).program;
    ASSERT_TRUE(program_);
  }

  /// Learns one half and judges the other, both ways.
  Judged judge(const Halves& halves) {
    Judged sum;
    for (const int taught : {0, 1}) {
      MemoryBayes bayes;
      for (std::size_t i = 0; i < all_.size(); ++i) {
        if (halves[i] != taught) continue;
        const auto parsed = message::parse(all_[i].raw);
        bayes.learn(MailView{parsed}, all_[i].spam ? ruleinterp::Verdict::spam : ruleinterp::Verdict::ham);
      }
      bayes.freeze();
      const Judged judged = judge_half(halves, 1 - taught, bayes);
      std::cout << "learned half " << taught + 1 << ": " << judged.found << " of " << judged.spam << " spam found, "
                << judged.marked << " of " << judged.ham << " ham marked\n";
      sum.spam += judged.spam;
      sum.found += judged.found;
      sum.ham += judged.ham;
      sum.marked += judged.marked;
      sum.running += judged.running;
    }
    std::cout << "spam found: " << 100.0 * sum.found / sum.spam << " %, ham marked: " << 100.0 * sum.marked / sum.ham
              << " %, " << std::chrono::duration<double, std::milli>(sum.running).count() / (sum.spam + sum.ham)
              << " ms a message\n";
    return sum;
  }

  std::vector<Sample> all_;

 private:
  Judged judge_half(const Halves& halves, int half, MemoryBayes& bayes) {
    ruleinterp::Host host;
    host.bayes = &bayes;
    Judged judged;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (halves[i] != half) continue;
      const Sample& sample = all_[i];
      const auto parsed = message::parse(sample.raw);
      const MailView view{parsed};
      ruleinterp::Envelope envelope;
      envelope.recipients = recipients_in_header(view);
      const auto outcome = ruleinterp::Run{*program_, view, envelope, host, {}}.execute();
      judged.running += outcome.time;
      const bool marked = outcome.score >= 100;
      ++(sample.spam ? judged.spam : judged.ham);
      if (marked) ++(sample.spam ? judged.found : judged.marked);
      if (marked != sample.spam && std::getenv("PENNYPOST_TELL_MISTAKES")) tell(sample, outcome);
    }
    return judged;
  }

  static void tell(const Sample& sample, const ruleinterp::Outcome& outcome) {
    std::cout << (sample.spam ? "missed " : "marked ") << sample.path.parent_path().filename().string() << '/'
              << sample.path.filename().string() << " score " << outcome.score << " bayes "
              << outcome.variables.at("bayes") << ' ';
    for (const auto& rule : outcome.matched_conditions) std::cout << ' ' << rule;
    std::cout << '\n';
  }

  std::shared_ptr<const ruleinterp::Program> program_;
};

TEST_F(Corpus, TheDefaultRulesFindTheSpamAndLeaveTheHam) {
  const Judged sum = judge(every_second(all_));
  EXPECT_GE(sum.found, sum.spam * 0.97);
  EXPECT_LE(sum.marked, sum.ham * 0.002);
}

// Halves that nobody had in view: weights and bounds must not fit one of them alone.
TEST_F(Corpus, OtherHalvesGiveTheSame) {
  Judged sum;
  for (int bit = 0; bit < kOtherHalves; ++bit) {
    const Judged one = judge(by_name(all_, bit));
    sum.spam += one.spam;
    sum.found += one.found;
    sum.ham += one.ham;
    sum.marked += one.marked;
  }
  std::cout << "all " << kOtherHalves << ": spam found: " << 100.0 * sum.found / sum.spam
            << " %, ham marked: " << 100.0 * sum.marked / sum.ham << " %\n";
  EXPECT_GE(sum.found, sum.spam * 0.97);
  EXPECT_LE(sum.marked, sum.ham * 0.002);
}

}  // namespace
}  // namespace pennypost::filter
