// A stage of a message's way: what it sees, what it may change, what it can answer (STYLE 3.2).
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/base/settings.h"
#include "server/base/smtp_text.h"
#include "server/base/units.h"
#include "server/delivery/envelope.h"
#include "server/message/parse.h"

namespace pennypost::delivery {

/// What a recipient's address means here (router.h).
struct Route {
  enum class Kind {
    mailbox,  ///< of the accounts named
    outside,  ///< to the out queue
    discard,  ///< accepted and thrown away (no-one, spec 60 section 5.3)
    unknown,  ///< a local address that nobody has
  };
  Kind kind = Kind::unknown;
  std::vector<AccountId> accounts;
  char type = 'D';              ///< letter of X-VPOP3-RCPTTYPE: D direct, M mapping, ...
  std::string redirected_to{};  ///< whom a script put in the recipient's place; empty: nobody
};

/// What a stage sees. Everything in it is the runner's and lives as long as the call; one thread.
struct Arrival {
  const Client& client;
  const Envelope& envelope;
  const message::Message& message;  ///< as it came, without the fields that earlier stages want to add
  int received_fields = 0;
  Timestamp at{};  ///< when it came in
  const SettingsSnapshot& settings;
  const std::string& host_name;  ///< of the receiving service
  std::string_view trace_id;     ///< `pennypost trace` finds the message by it
};

/// A rule that fired on a message, as the historical log shows it (spec 11 section 11.1).
struct RuleHit {
  std::string rule;
  std::string pattern;  ///< empty where nothing was searched for
  std::string match;    ///< what of the message matched
  double score = 0;     ///< after the weight
};

/// The field that marks what was sent outside for a script (Copy, Redirect): what comes back is not sent there again.
inline constexpr std::string_view kLoopField = "X-Loop";

/// One more recipient, whom no envelope names.
struct ExtraCopy {
  std::string address;
  Route route;              ///< of the stage routing
  std::string failures_to;  ///< return path of what goes outside; empty: that of the message, and nobody is told
};

/// Gets the header of a message, without its empty line, and gives that of one copy.
using OwnHeader = std::function<std::string(std::string_view header)>;

/// What a stage may change. The runner carries it out when all stages have passed.
class Edits {
 public:
  /// A whole field with its CR LF, above everything that stands there.
  void add_above(std::string_view field) { above_.insert(0, field); }
  /// The same, above what anybody adds above, whenever it does.
  void add_at_top(std::string_view field) { top_.insert(0, field); }
  /// A whole field with its CR LF, below the last field of the header.
  void add_below(std::string_view field) { below_ += field; }
  /// All fields of this name go.
  void remove_fields(std::string name) { removed_.push_back(std::move(name)); }
  /// Where recipient `index` of the envelope goes. What a stage before the routing says here stays.
  void route(std::size_t index, Route route) {
    if (routes_.size() <= index) routes_.resize(index + 1);
    routes_[index] = std::move(route);
  }
  bool has_route(std::size_t index) const {
    return index < routes_.size() && routes_[index].kind != Route::Kind::unknown;
  }
  /// What a filter found, and whether it makes the message spam: for the historical log, also of what is refused.
  void found(std::vector<RuleHit> hits, bool is_spam) {
    hits_ = std::move(hits);
    is_spam_ = is_spam;
  }
  /// What became of the message in the filter; `rules` are names, blanks between them.
  void spam_score(double score, std::string rules = {}) {
    spam_score_ = score;
    spam_rules_ = std::move(rules);
  }
  /// The copy of this account goes to this folder (made when missing) instead of the inbox, or into the quarantine. The
  /// last word on an account counts.
  void into_folder(AccountId account, std::string name) { places_[account] = {std::move(name), false}; }
  void quarantine(AccountId account) { places_[account] = {{}, true}; }

  /// One more recipient: a user or an address. It gets no report of failure, and the copy is not judged again.
  void copy_to(std::string address) { copies_.push_back({std::move(address), {}, {}}); }
  /// The same for a message that is perhaps nowhere else: when it cannot be delivered outside, `failures_to` (an
  /// address here) gets a report with the message.
  void redirect_to(std::string address, std::string failures_to) {
    copies_.push_back({std::move(address), {}, std::move(failures_to)});
  }
  std::vector<ExtraCopy>& copies() { return copies_; }
  const std::vector<ExtraCopy>& copies() const { return copies_; }
  /// The copy in the mailbox of this account gets a header of its own, made of the final one.
  void own_header(AccountId account, OwnHeader make) { own_headers_[account] = std::move(make); }
  const OwnHeader* own_header_of(AccountId account) const {
    const auto known = own_headers_.find(account);
    return known == own_headers_.end() ? nullptr : &known->second;
  }

  std::string above() const { return top_ + above_; }
  const std::string& below() const { return below_; }
  const std::vector<std::string>& removed() const { return removed_; }
  const std::vector<Route>& routes() const { return routes_; }
  const std::vector<RuleHit>& hits() const { return hits_; }
  bool is_spam() const { return is_spam_; }
  bool is_judged() const { return spam_score_.has_value(); }
  double spam_score() const { return spam_score_.value_or(0); }
  const std::string& spam_rules() const { return spam_rules_; }

  struct Place {
    std::string folder = {};  ///< empty: the inbox
    bool is_quarantine = false;
  };
  Place place_of(AccountId account) const {
    const auto known = places_.find(account);
    return known == places_.end() ? Place{} : known->second;
  }

 private:
  std::string top_, above_;
  std::string below_;
  std::vector<std::string> removed_;
  std::vector<Route> routes_;
  std::vector<ExtraCopy> copies_;
  std::map<AccountId, OwnHeader> own_headers_;
  std::vector<RuleHit> hits_;
  bool is_spam_ = false;
  std::map<AccountId, Place> places_;
  std::optional<double> spam_score_;
  std::string spam_rules_;
};

struct Pass {
  std::string reason = {};  ///< for the trace; may be empty
};
/// Permanent: the client gets the reply and the message is not taken.
struct Refuse {
  SmtpReply reply;
  std::string reason = {};
};
/// Temporary: the client tries again.
struct Defer {
  SmtpReply reply;
  std::string reason = {};
};
/// Accepted and thrown away, without a word to the client.
struct Drop {
  std::string reason = {};
};
/// Accepted and kept back: mailbox copies as held messages, out queue entries on hold. Later stages still run.
struct Hold {
  std::string reason = {};
};
using Verdict = std::variant<Pass, Refuse, Defer, Drop, Hold>;

/// "pass", "refuse", "defer", "drop", "hold".
std::string_view word(const Verdict& verdict);
const std::string& reason(const Verdict& verdict);

/// One stage. It knows no socket, sends no reply, writes no trace: the runner does. Any thread; no state of one message
/// is kept in it.
class Stage {
 public:
  explicit Stage(std::string_view name) : name_{name} {}
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  virtual Verdict judge(const Arrival& mail, Edits& edits) const = 0;
  std::string_view name() const { return name_; }  ///< the word in the trace, the log and `pennypost trace`

 private:
  std::string_view name_;
};

}  // namespace pennypost::delivery
