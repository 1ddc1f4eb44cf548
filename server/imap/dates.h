// Dates as IMAP writes them (RFC 3501 section 9 "date", "date-time").
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/units.h"

namespace pennypost::imap {

/// A day without time or zone, as SEARCH compares them.
using Day = std::chrono::sys_days;

/// "1-Feb-1994" or "01-feb-1994", without quotes. None when it is no date of the calendar.
std::optional<Day> parse_day(std::string_view text);
std::string print_day(Day day);

/// "17-Jul-1996 02:44:25 -0700" (a one-digit day stands behind a space), without quotes. None when it is none.
std::optional<Timestamp> parse_date_time(std::string_view text);

/// The date-time in UTC without quotes, always 26 octets.
void print_date_time(std::string& out, Timestamp when);

}  // namespace pennypost::imap
