// Learning from what users do with their mail: moved into Junk and out of it, marked as junk or not (spec 11 section
// 6).
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/ids.h"
#include "server/filter/bayes.h"
#include "server/store/folders.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Messages that a user has put into a folder or marked.
struct Sorted {
  FolderId folder{};
  std::optional<FolderId> from;       ///< where they lay before; none: they came from outside, or were only marked
  std::vector<Uid> uids;              ///< in `folder`
  std::vector<std::string> keywords;  ///< that were set
};

/// What is to be learned of it; nothing for most. Into Junk: spam. Out of Junk to another folder but Trash: ham. $Junk
/// and Junk: spam, $NotJunk and NonJunk: ham; where both are set, nothing. `from` is null where the message came from
/// outside.
std::optional<ruleinterp::Verdict> taught_by(const std::vector<std::string>& keywords, const store::Folder& folder,
                                             const store::Folder* from);

/// Learns by a thread of its own. Any thread may tell it; telling waits for nothing. Only while SpamFilter and
/// LearnFromMoves are on. Messages larger than kTeachOctets are passed over.
class Teacher {
 public:
  Teacher(store::Store& store, StoreBayes& bayes);
  ~Teacher();  ///< drops what waits
  Teacher(const Teacher&) = delete;
  Teacher& operator=(const Teacher&) = delete;

  /// More than kTeachWaiting messages that wait are dropped, with a line in the log.
  void tell(Sorted sorted);
  /// Waits until everything told so far has been learned; for tests.
  void finish();

 private:
  void work();
  void learn(const Sorted& sorted);
  bool learn_one(const store::Folder& folder, Uid uid, ruleinterp::Verdict as);

  store::Store& store_;
  StoreBayes& bayes_;
  std::mutex mutex_;  // guards what follows; not held while learning
  std::condition_variable changed_;
  std::deque<Sorted> waiting_;
  std::size_t messages_ = 0;  // in waiting_
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennypost::filter
