// Dates as mail has them (RFC 5322 3.3 and 4.3, RFC 850, asctime, ISO 8601), and as IMAP wants them (RFC 3501
// date-time). Reads word by word: what is not a number, a month, a zone or a weekday is passed over. Looks at 512
// octets at most.
#include "server/message/date.h"

#include <array>
#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include "server/base/text.h"

namespace pennypost::message {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::size_t kLongest = 512;
constexpr int kWidestZone = 5999;  // minutes of +9959

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<const char*, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDayNames = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Zone {
  std::string_view name;
  int minutes;
};

/// RFC 5322 4.3, and the names that mail programs of other countries wrote. The letters of the military count as UTC.
constexpr auto kZones = std::to_array<Zone>({
    {"ut", 0},      {"utc", 0},    {"gmt", 0},    {"z", 0},      {"wet", 0},    {"est", -300}, {"edt", -240},
    {"cst", -360},  {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420}, {"akst", -540},
    {"akdt", -480}, {"hst", -600}, {"ast", -240}, {"adt", -180}, {"bst", 60},   {"ist", 60},   {"west", 60},
    {"cet", 60},    {"met", 60},   {"mez", 60},   {"cest", 120}, {"mest", 120}, {"mesz", 120}, {"eet", 120},
    {"eest", 180},  {"msk", 180},  {"msd", 240},  {"jst", 540},  {"kst", 540},  {"aest", 600}, {"aedt", 660},
    {"nzst", 720},  {"nzdt", 780}, {"brt", -180}, {"sast", 120},
});

/// What was found so far.
class DateReader {
 public:
  explicit DateReader(std::string_view in) : in_{in.substr(0, kLongest)} {}

  std::optional<Date> run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '(') {
        skip_comment();
      } else if (is_digit(c)) {
        number();
      } else if (is_letter(c)) {
        word();
      } else if ((c == '+' || c == '-') && timed_ && at_ + 1 < in_.size() && is_digit(in_[at_ + 1])) {
        numeric_zone();
      } else {
        ++at_;
      }
    }
    return result();
  }

 private:
  void skip_comment() {
    int depth = 0;
    for (; at_ < in_.size(); ++at_) {
      if (in_[at_] == '(') ++depth;
      if (in_[at_] == ')' && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  /// Reads digits; `places` is how many there were. Huge numbers stay huge, without overflow.
  int digits(int& places) {
    std::int64_t value = 0;
    for (places = 0; at_ < in_.size() && is_digit(in_[at_]); ++at_, ++places) {
      if (value < 100'000'000) value = value * 10 + (in_[at_] - '0');
    }
    return static_cast<int>(value);
  }

  bool next_is(char c) const { return at_ + 1 < in_.size() && in_[at_] == c && is_digit(in_[at_ + 1]); }

  /// Takes a colon with a digit behind it; RFC 5322 4.3 lets white space and comments stand around it.
  bool take_colon() {
    const std::size_t before = at_;
    skip_space();
    if (at_ < in_.size() && in_[at_] == ':') {
      ++at_;
      skip_space();
      if (at_ < in_.size() && is_digit(in_[at_])) return true;
    }
    at_ = before;
    return false;
  }

  void skip_space() {
    while (at_ < in_.size() && (is_space(in_[at_]) || in_[at_] == '(')) {
      if (in_[at_] == '(') {
        skip_comment();
      } else {
        ++at_;
      }
    }
  }

  void number() {
    int places = 0;
    const int value = digits(places);
    if (!timed_ && places <= 2 && take_colon()) return time(value);
    if (places == 4 && year_ < 0 && month_ < 0 && next_is('-')) {  // ISO 8601
      year_ = value;
      ++at_;
      month_ = digits(places) - 1;
      if (next_is('-')) {
        ++at_;
        day_ = digits(places);
      }
    } else if (places <= 2 && day_ < 0 && month_ < 0 && next_is('/')) {  // day and month in either order
      ++at_;
      const int second = digits(places);
      day_ = value > 12 ? value : second;
      month_ = (value > 12 ? second : value) - 1;
    } else if (day_ < 0 && places <= 2 && value >= 1 && value <= 31) {
      day_ = value;
    } else if (year_ < 0) {
      year_ = value;
      if (places <= 2) year_ += value < 50 ? 2000 : 1900;
      if (places == 3) year_ += 1900;
    }
  }

  void time(int hour) {
    int places = 0;
    hour_ = hour;
    minute_ = digits(places);
    if (take_colon()) second_ = digits(places);
    if (next_is('.')) {
      ++at_;
      digits(places);
    }
    timed_ = true;
  }

  void word() {
    std::string name;
    for (; at_ < in_.size() && is_letter(in_[at_]); ++at_) name += ascii_lower(in_[at_]);
    if (month_ < 0 && name.size() >= 3) {
      for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (name.starts_with(kMonths[i]) && name != "mart") month_ = static_cast<int>(i);
      }
    }
    if (timed_ && (name == "am" || name == "pm") && hour_ <= 12) hour_ = hour_ % 12 + (name == "pm" ? 12 : 0);
    if (!timed_ || zoned_) return;
    for (const Zone& zone : kZones) {
      if (zone.name == name) zone_ = zone.minutes;
    }
  }

  void numeric_zone() {
    const int direction = in_[at_++] == '-' ? -1 : 1;
    int places = 0;
    int value = digits(places);
    if (places <= 2) {
      value *= 100;
      if (next_is(':')) {
        ++at_;
        value += digits(places);
      }
    }
    if (places > 4 || value > 9959) value = 0;  // no zone at all: as RFC 5322 4.3 says of unknown ones
    if (!zoned_) zone_ = direction * (value / 100 * 60 + value % 100);
    zoned_ = true;
  }

  std::optional<Date> result() const {
    const year_month_day date{year{year_}, month{static_cast<unsigned>(month_ + 1)}, day{static_cast<unsigned>(day_)}};
    if (year_ < 1 || year_ > 9999 || month_ < 0 || day_ < 1 || !date.ok()) return std::nullopt;
    if (hour_ > 23 || minute_ > 59 || second_ > 60) return std::nullopt;
    const int zone = zone_ > kWidestZone || zone_ < -kWidestZone ? 0 : zone_;
    const auto at =
        sys_days{date} + std::chrono::hours{hour_} + std::chrono::minutes{minute_ - zone} + Seconds{second_};
    return Date{at, zone};
  }

  std::string_view in_;
  std::size_t at_ = 0;
  int day_ = -1;
  int month_ = -1;  // from 0
  int year_ = -1;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  int zone_ = 0;
  bool timed_ = false;
  bool zoned_ = false;  // by number, which wins over a name
};

/// A moment as people write it in a zone.
struct Local {
  year_month_day date;
  unsigned weekday;
  int hour, minute, second;
  char sign;
  int zone;  ///< hhmm
};

Local local(Timestamp at, int zone_minutes) {
  const auto shifted = std::chrono::floor<Seconds>(at) + std::chrono::minutes{zone_minutes};
  const auto days = std::chrono::floor<std::chrono::days>(shifted);
  const auto seconds = static_cast<int>((shifted - days).count());
  const int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
  return {year_month_day{days},
          std::chrono::weekday{days}.c_encoding(),
          seconds / 3600,
          seconds / 60 % 60,
          seconds % 60,
          zone_minutes < 0 ? '-' : '+',
          zone / 60 * 100 + zone % 60};
}

}  // namespace

std::optional<Date> parse_date(std::string_view value) { return DateReader{value}.run(); }

std::string format_date(Timestamp at, int zone_minutes) {
  const Local t = local(at, zone_minutes);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}{:04}", kDayNames[t.weekday],
                     static_cast<unsigned>(t.date.day()), kMonthNames[static_cast<unsigned>(t.date.month()) - 1],
                     static_cast<int>(t.date.year()), t.hour, t.minute, t.second, t.sign, t.zone);
}

std::string format_internal_date(Timestamp at, int zone_minutes) {
  const Local t = local(at, zone_minutes);
  return fmt::format("{:2}-{}-{:04} {:02}:{:02}:{:02} {}{:04}", static_cast<unsigned>(t.date.day()),
                     kMonthNames[static_cast<unsigned>(t.date.month()) - 1], static_cast<int>(t.date.year()), t.hour,
                     t.minute, t.second, t.sign, t.zone);
}

std::optional<Date> parse_internal_date(std::string_view text) {
  // date-day-fixed "-" date-month "-" date-year SP time SP zone: "dd-Mmm-yyyy hh:mm:ss +zzzz"
  static constexpr std::string_view kShape = "dd-aaa-dddd dd:dd:dd sdddd";
  if (text.size() + 1 == kShape.size() && text.size() > 1 && text[1] == '-') {  // many clients write one digit only
    return parse_internal_date("0" + std::string{text});
  }
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i];
    const bool fits = kShape[i] == 'd'   ? is_digit(c) || (i == 0 && c == ' ')
                      : kShape[i] == 'a' ? is_letter(c)
                      : kShape[i] == 's' ? c == '+' || c == '-'
                                         : c == kShape[i];
    if (!fits) return std::nullopt;
  }
  return parse_date(text);
}

}  // namespace pennypost::message
