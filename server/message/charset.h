// Charsets to UTF-8 and case folding, through ICU.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/text.h"

namespace pennypost::message {

/// Octets in the charset of this name as UTF-8. Names as mail has them: any case, ICU's aliases, "utf8", "x-" forms, an
/// RFC 2231 language behind "*". An unknown or wrong charset falls back: valid UTF-8 stays, anything else is read as
/// Windows-1252. Octets that do not fit become U+FFFD. Safe from all threads.
std::string to_utf8(std::string_view octets, std::string_view charset);

/// For octets whose charset nobody told: UTF-8 when it is that, otherwise Windows-1252.
std::string to_utf8(std::string_view octets);

/// True when ICU (or our table of aliases) knows this charset.
bool knows_charset(std::string_view charset);

/// Full Unicode case folding of UTF-8 text (malformed octets become U+FFFD). ASCII takes a quick way.
std::string fold_case(std::string_view utf8);

/// The longest beginning of at most `most` octets that does not cut a character.
std::string_view cut_utf8(std::string_view utf8, std::size_t most);

}  // namespace pennypost::message
