// Encoded words in header fields (RFC 2047).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace pennypost::message {

/// The value in UTF-8: encoded words are decoded, white space between two of them goes, octets of a character that is
/// cut between two words of the same charset are put together; other octets are UTF-8, or else in `raw_charset` (the
/// body's, usually), or else Windows-1252. What looks like an encoded word but is none stays. Takes folded values too;
/// the result has no line ends and no NUL.
std::string decode_words(std::string_view value, std::string_view raw_charset = {});

/// A field value of text (subject, comment): ASCII stays, everything else becomes encoded words in UTF-8 of at most 75
/// octets, lines folded at 78 with CR LF SP. `used` is what "Name: " already takes of the first line.
std::string encode_text(std::string_view utf8, std::size_t used);

/// A display name as a phrase: an atom sequence as it is, quoted when it needs it, otherwise encoded words.
std::string encode_phrase(std::string_view utf8);

}  // namespace pennypost::message
