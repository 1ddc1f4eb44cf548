// Whitelist Words and Blacklist Words (spec 11 section 5.1): whether the text or the subject of a message holds one.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ruleinterp/host.h"
#include "ruleinterp/program.h"
#include "server/filter/renewed.h"
#include "server/store/spam_lists.h"

namespace pennypost::filter {

/// The first entry of each list that a message holds; empty: none.
struct FoundWords {
  std::string white;
  std::string black;
};

/// The entries as one compiled program of the rule language, so that thousands are found in one pass over the text.
/// Plain text is found anywhere, also inside words, and like text with * (up to 1,000 characters) and ? (one) without
/// regard to the case of ASCII letters; an /expression/ is as it says.
class WordProgram {
 public:
  struct Entry {
    store::AddressList list = store::AddressList::black;
    std::string word;
  };
  explicit WordProgram(std::vector<Entry> entries);
  FoundWords find(const ruleinterp::Mail& mail, std::chrono::milliseconds most) const;
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;  // that of line i + 2 of the program
  std::shared_ptr<const ruleinterp::Program> program_;
};

/// The lists of the database; a change counts within a second. Any thread. Failures are logged; then what was read
/// before counts.
class WordLists {
 public:
  explicit WordLists(store::SpamLists lists) : lists_{lists} {}
  FoundWords find(const ruleinterp::Mail& mail, std::chrono::milliseconds most);
  /// What `find` uses; null when the lists have never been read.
  std::shared_ptr<const WordProgram> words();

 private:
  std::shared_ptr<const WordProgram> read();

  store::SpamLists lists_;
  Renewed<WordProgram> words_;
  std::optional<store::WordsMark> mark_;  // of words_; used by whoever reads
};

}  // namespace pennypost::filter
