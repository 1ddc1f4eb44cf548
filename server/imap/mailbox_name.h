// Names of mailboxes: modified UTF-7, the stored form, patterns of LIST (RFC 3501 sections 5.1, 5.1.3, 6.3.8).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::imap {

inline constexpr char kSeparator = '/';  // spec 50 section 3.2

/// UTF-8 to modified UTF-7. None when the text is not well-formed UTF-8.
std::optional<std::string> to_modified_utf7(std::string_view utf8);
/// Modified UTF-7 to UTF-8. None when it is not modified UTF-7 (8-bit octets, a shift that is not closed, encoded
/// ASCII, half a surrogate pair).
std::optional<std::string> from_modified_utf7(std::string_view name);

/// The name as it is stored and compared: modified UTF-7; INBOX in any case (also as first level) in capitals; a name
/// that comes as UTF-8 is encoded; one separator at the end is dropped ("a/" is asked for by CREATE). None for what
/// cannot be a name: empty, too long, control characters, empty levels.
std::optional<std::string> canonical_name(std::string_view name);

/// "INBOX" itself.
bool is_inbox(std::string_view canonical);

/// Every name above this one, outermost first: "a/b/c" gives "a", "a/b".
std::vector<std::string_view> parents_of(std::string_view name);

/// RFC 3501 6.3.8: "*" matches anything, "%" anything within one level. INBOX matches in any case. Time is linear in
/// the product of the two lengths, however many wildcards there are.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace pennypost::imap
