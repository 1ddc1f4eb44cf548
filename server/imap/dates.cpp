// Dates (RFC 3501 section 9). INTERNALDATE is printed in UTC: the instant is what is stored, the zone in which a client
// wrote it is not. Seconds of 60 (leap seconds) are taken as 59.
#include "server/imap/dates.h"

#include <array>

#include "server/base/text.h"

namespace pennypost::imap {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int n = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    n = n * 10 + (c - '0');
  }
  return n;
}

std::optional<unsigned> month_of(std::string_view text) {
  for (unsigned i = 0; i < kMonths.size(); ++i)
    if (same_word(kMonths[i], text)) return i + 1;
  return std::nullopt;
}

std::optional<Day> day_of(std::string_view day, std::string_view month, std::string_view year) {
  const auto d = digits(day);
  const auto m = month_of(month);
  const auto y = digits(year);
  if (!d || !m || !y || year.size() != 4) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*y}, std::chrono::month{*m},
                                         std::chrono::day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return Day{date};
}

void two(std::string& out, unsigned n) {
  out += static_cast<char>('0' + n / 10 % 10);
  out += static_cast<char>('0' + n % 10);
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) {
  const std::size_t first = text.find('-');
  if (first == std::string_view::npos || first > 2) return std::nullopt;
  const std::size_t second = text.find('-', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return day_of(text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1));
}

std::string print_day(Day day) {
  const std::chrono::year_month_day date{day};
  std::string out = std::to_string(static_cast<unsigned>(date.day()));
  out += '-';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += '-';
  const int year = static_cast<int>(date.year());
  two(out, static_cast<unsigned>(year / 100));
  two(out, static_cast<unsigned>(year % 100));
  return out;
}

std::optional<Timestamp> parse_date_time(std::string_view text) {
  // "dd-Mon-yyyy hh:mm:ss +hhmm"; some clients leave out the space before a day of one digit.
  if (text.size() == 25 && text[1] == '-') return parse_date_time(std::string{" "} += text);
  if (text.size() != 26 || text[2] != '-' || text[6] != '-' || text[11] != ' ' || text[14] != ':' || text[17] != ':' ||
      text[20] != ' ')
    return std::nullopt;
  const std::string_view day = text[0] == ' ' ? text.substr(1, 1) : text.substr(0, 2);
  const auto date = day_of(day, text.substr(3, 3), text.substr(7, 4));
  const auto hour = digits(text.substr(12, 2));
  const auto minute = digits(text.substr(15, 2));
  auto second = digits(text.substr(18, 2));
  const auto zone_hours = digits(text.substr(22, 2));
  const auto zone_minutes = digits(text.substr(24, 2));
  if (!date || !hour || !minute || !second || !zone_hours || !zone_minutes) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60 || *zone_minutes > 59) return std::nullopt;
  if (text[21] != '+' && text[21] != '-') return std::nullopt;
  if (*second == 60) second = 59;
  const auto zone = std::chrono::minutes{*zone_hours * 60 + *zone_minutes} * (text[21] == '-' ? -1 : 1);
  return Timestamp{*date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second} -
         zone;
}

void print_date_time(std::string& out, Timestamp when) {
  const Day day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const auto seconds = static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(when - day).count());
  int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) year = 1970;
  two(out, static_cast<unsigned>(date.day()));
  out += '-';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += '-';
  two(out, static_cast<unsigned>(year / 100));
  two(out, static_cast<unsigned>(year % 100));
  out += ' ';
  two(out, seconds / 3600);
  out += ':';
  two(out, seconds / 60 % 60);
  out += ':';
  two(out, seconds % 60);
  out += " +0000";
}

}  // namespace pennypost::imap
