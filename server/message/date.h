// Dates of header fields and of IMAP (RFC 5322 3.3 and 4.3; RFC 3501 date-time).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "server/base/units.h"

namespace pennypost::message {

/// A moment, and the zone in which it was written.
struct Date {
  Timestamp at;
  int zone_minutes = 0;  ///< east of UTC, at most 5,999 either way
  bool operator==(const Date&) const = default;
};

/// Reads a Date field as found in the wild: with or without weekday, comments, seconds; one- to four-digit years (RFC
/// 5322 4.3: 00-49 are 2000-2049, 50-999 are 1950-2899); zones as numbers, obsolete names or missing (UTC); asctime and
/// ISO 8601 orders. None when no day, month and year can be made out or the day does not exist.
std::optional<Date> parse_date(std::string_view value);

/// "Mon, 23 Nov 2026 23:43:52 +0000" (RFC 5322 3.3), in the zone given.
std::string format_date(Timestamp at, int zone_minutes = 0);

/// "23-Nov-2026 23:43:52 +0000": what INTERNALDATE shows, without quotes; the day has two places (RFC 3501
/// date-day-fixed).
std::string format_internal_date(Timestamp at, int zone_minutes = 0);

/// Reads what APPEND brings between the quotes: "23-Nov-2026 23:43:52 +0000", strictly (RFC 3501 date-time).
std::optional<Date> parse_internal_date(std::string_view text);

}  // namespace pennypost::message
