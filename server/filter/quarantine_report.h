// The report that tells users what newly lies in their quarantine (spec 11 section 7.3).
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"
#include "server/delivery/pipeline.h"
#include "server/filter/quarantine_links.h"
#include "server/store/store.h"

namespace pennypost::filter {

/// Times of day of the setting: "07:00 16:30", with blanks, commas or semicolons between them; ascending, each once.
/// Error: bad_input, naming what is no time.
Result<std::vector<std::chrono::minutes>> read_times(std::string_view text);
/// The latest moment, not later than `now`, at which it is one of these times of the day in local time; none without
/// times.
std::optional<Timestamp> latest_of(std::span<const std::chrono::minutes> times, Timestamp now);

/// Whether a text can say who gets reports: an address, or a name that gets the default domain.
bool can_be_recipient(std::string_view text);

/// What one report says; everything from strangers is escaped.
struct ReportContent {
  std::string subject;
  std::string text;
  std::string html;
};
/// `link` gives the address of a message's page.
ReportContent report_content(const store::Unreported& mail, const std::string& user,
                             const std::function<std::string(const store::Quarantined&)>& link);

/// Sends the reports. Several processes may do so at once: each message is told once, for a report and the note that it
/// was told are one commit. Any thread.
class QuarantineReports {
 public:
  /// `web` gives the beginning of links where WebAddress is not set ("http://mail.example.org:5108").
  QuarantineReports(delivery::Pipeline& pipeline, QuarantineLinks links, std::function<std::string()> web)
      : pipeline_{pipeline}, links_{std::move(links)}, web_{std::move(web)} {}

  /// Reports when a set time has passed since the last reports; to be called every minute. Gives how many reports went.
  Result<int> run_when_due();
  /// Reports now to all users with mail that is not yet told. One that fails is logged and waits for the next time.
  Result<int> run();

 private:
  enum class Told { mailed, discarded, nothing };
  Result<Told> tell(AccountId account);
  Result<Told> tell_once(const store::Account& account);
  struct Recipient {
    std::string address;
    delivery::Route::Kind kind = delivery::Route::Kind::unknown;
  };
  Result<std::optional<Recipient>> set_recipient(const store::Account& account);

  delivery::Pipeline& pipeline_;
  const QuarantineLinks links_;
  const std::function<std::string()> web_;
  std::string wrong_times_;  // that a line in the log has named; one thread calls run_when_due
};

}  // namespace pennypost::filter
