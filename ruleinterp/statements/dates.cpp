// GetRFC822Date (spec 10 section 6.28): a date of RFC 5322 section 3.3, obsolete forms of section 4.3 included, as days
// since 1 January 1601 with the time of day as fraction. What is no date gives an empty text.
#include <array>
#include <chrono>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr double kDaysBefore1970 = 134774;

// Takes words, numbers and separators off the front of a date; comments in brackets are white space.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_{text} {}

  bool take(char c) {
    skip();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    skip();
    std::size_t end = 0;
    while (end < rest_.size() && ((rest_[end] >= 'a' && rest_[end] <= 'z') || (rest_[end] >= 'A' && rest_[end] <= 'Z')))
      ++end;
    return cut(end);
  }
  std::string_view digits() {
    skip();
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] >= '0' && rest_[end] <= '9') ++end;
    return cut(end);
  }

 private:
  std::string_view cut(std::size_t end) {
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }
  void skip() {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '(') ++depth;
      if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '-') return;
      if (depth == 0 && c == '-' && !hyphens_are_space_) return;
      if (c == ')' && depth > 0) --depth;
      rest_.remove_prefix(1);
    }
  }

 public:
  void hyphens(bool are_space) { hyphens_are_space_ = are_space; }

 private:
  std::string_view rest_;
  bool hyphens_are_space_ = true;  // "01-Jan-1970"
};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

struct Zone {
  std::string_view name;
  int hours;
};
constexpr auto kZones = std::to_array<Zone>({{"UT", 0},
                                             {"GMT", 0},
                                             {"UTC", 0},
                                             {"Z", 0},
                                             {"EST", -5},
                                             {"EDT", -4},
                                             {"CST", -6},
                                             {"CDT", -5},
                                             {"MST", -7},
                                             {"MDT", -6},
                                             {"PST", -8},
                                             {"PDT", -7},
                                             {"CET", 1},
                                             {"CEST", 2},
                                             {"BST", 1}});

int as_int(std::string_view digits) { return static_cast<int>(leading_number(digits.substr(0, 6))); }

std::optional<double> days_of(std::string_view text) {
  DateReader in{text};
  if (!in.word().empty()) in.take(',');
  const std::string_view day = in.digits();
  const std::string_view month_name = in.word();
  const std::string_view year_digits = in.digits();
  in.hyphens(false);  // from here on they are signs
  if (day.empty() || month_name.size() < 3 || year_digits.size() < 2) return {};
  unsigned month = 0;
  for (unsigned i = 0; i < kMonths.size(); ++i)
    if (starts_ignoring_case(month_name, kMonths[i])) month = i + 1;
  int year = as_int(year_digits);
  if (year_digits.size() == 2) year += year < 50 ? 2000 : 1900;  // RFC 5322 section 4.3
  if (year_digits.size() == 3) year += 1900;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{static_cast<unsigned>(as_int(day))}};
  if (!date.ok()) return {};
  const int hour = as_int(in.digits());
  const int minute = in.take(':') ? as_int(in.digits()) : 0;
  const int second = in.take(':') ? as_int(in.digits()) : 0;
  if (in.take('.')) in.digits();  // fractions of a second do not count
  if (hour > 23 || minute > 59 || second > 60) return {};
  int offset = 0;
  const bool plus = in.take('+');
  if (plus || in.take('-')) {
    int zone = as_int(in.digits());
    if (zone < 100 && in.take(':')) zone = zone * 100 + as_int(in.digits());  // "-05:00", as ISO 8601 writes it
    offset = (zone / 100 * 60 + zone % 100) * (plus ? 1 : -1);
  } else {
    const std::string_view name = in.word();
    for (const Zone& zone : kZones)
      if (equal_ignoring_case(zone.name, name)) offset = zone.hours * 60;
  }
  const double days = static_cast<double>(std::chrono::sys_days{date}.time_since_epoch().count());
  return days + kDaysBefore1970 + (hour * 3600.0 + (minute - offset) * 60.0 + second) / 86400.0;
}

}  // namespace

Flow run_get_rfc822_date(Run& run, const Instruction& i) {
  if (const auto days = days_of(run.text(i, 0))) {
    run.set(Run::variable(i, 1), *days);
  } else {
    run.set(Run::variable(i, 1), std::string_view{});
  }
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
