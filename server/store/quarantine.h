// The quarantine (spamfilter.quarantine, spec 11 section 7): messages kept back for a user, one row a message and user.
// New ones come in by delivery_writer.h, in the commit of the delivery that they belong to.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost::store {

class Database;
class Folders;
class FolderStates;

struct Quarantined {
  QuarantineId id{};
  AccountId account{};
  std::string user;  ///< name of the account
  BodyId body{};
  Timestamp at{};
  double score = 0;
  std::string rules;  ///< names of the rules that matched, blanks between them
  std::string return_path;
  std::string sender;  ///< address of From, else the return path
  std::string from_name;
  std::string subject;
  Octets size;  ///< of the message as it came
  std::vector<std::string> recipients;
  bool is_seen = false;
  bool is_hidden = false;
  bool is_reported = false;
  std::string prefix;  ///< header lines of this copy only
};

/// Numbers that a filter lets through, both ends included or not.
struct NumberRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool without_least = false;
  bool without_most = false;

  /// `a`, `=a`, `>a`, `<a`, `>=a`, `<=a`, `a..b` (spec 11 section 7.5, 70 section 8.3); nothing, or blanks, is any
  /// number. Error: bad_input.
  static Result<NumberRange> parse(std::string_view text);
  bool operator==(const NumberRange&) const = default;
};

/// What a list shows; all conditions hold together.
struct QuarantineFilter {
  std::optional<AccountId> account;
  std::optional<Timestamp> from;   ///< quarantined then or later
  std::optional<Timestamp> until;  ///< quarantined before
  std::string sender;              ///< part of the sender's name or address; case-folded (message::fold_case)
  std::string subject;             ///< part of the subject; case-folded
  NumberRange score;
  NumberRange size;  ///< octets
  bool with_hidden = false;
  int most = 1000;  ///< no more than kQuarantineListed
  /// Goes on behind the last one of the page before: its score and id.
  struct After {
    double score = 0;
    QuarantineId id{};
  };
  std::optional<After> after;
};

/// What is still to be told to a user: the likeliest false positives, and how to note that it has been told.
struct Unreported {
  std::vector<Quarantined> first;  ///< the lowest scores, at most kQuarantineReported
  std::int64_t count = 0;
  QuarantineId upto{};  ///< the newest of the `count`
};

/// One object a process; any thread. Errors of all: unavailable, disk_full.
class Quarantine {
 public:
  Quarantine(Database& database, Folders& folders, FolderStates& states)
      : database_{database}, folders_{folders}, states_{states} {}

  /// Lowest score first, then the older one: likely false positives are on top (spec 11 section 7.4).
  Result<std::vector<Quarantined>> list(const QuarantineFilter& filter);
  /// Error: not_found.
  Result<Quarantined> get(QuarantineId id);
  /// Marks them as `seen` or `hidden` where these are given; gives how many there are.
  Result<std::int64_t> mark(std::span<const QuarantineId> ids, std::optional<bool> seen, std::optional<bool> hidden);
  /// Deletes them for good; gives how many there were.
  Result<std::int64_t> remove(std::span<const QuarantineId> ids);
  /// Puts the message into its owner's inbox and takes it out of the quarantine in one commit; open sessions see it.
  /// Error: not_found (it is released, deleted or expired already: of two at once, one gets this).
  Result<void> release(QuarantineId id);

  /// Messages (older ones first) whose From address or return path is `address` in any case, behind `after`.
  Result<std::vector<QuarantineId>> of_sender(std::string_view address, QuarantineId after, int most);
  /// The addresses that `of_sender` knows, in lower case, each once, ascending, behind `after`.
  Result<std::vector<std::string>> senders(std::string_view after, int most);

  /// Deletes what is older than `days`, some at a time; gives how many.
  Result<std::int64_t> expire(std::int64_t days);

  /// Accounts with messages that no report has named, ascending, behind `after`.
  Result<std::vector<AccountId>> accounts_to_report(AccountId after, int most);
  Result<Unreported> unreported(AccountId account);
  /// Notes them as reported without a mail (delivery_writer.h does it with one). Error: already_exists, when they have
  /// changed meanwhile.
  Result<void> mark_reported(AccountId account, const Unreported& told);
  Result<Timestamp> last_report();
  Result<void> note_report(Timestamp at);

 private:
  Result<void> release_into(FolderId inbox, QuarantineId id, double score);

  Database& database_;
  Folders& folders_;
  FolderStates& states_;
};

}  // namespace pennypost::store
