// What an atom of IMAP is made of (RFC 3501 section 9); narrower than the atom of RFC 5322 in base/text.h.
#pragma once

namespace pennypost::imap {

/// ATOM-CHAR: any CHAR except "(" ")" "{" SP CTL list-wildcards quoted-specials resp-specials. Octets above 127 are
/// none.
constexpr bool is_imap_atom_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  if (u <= 0x20 || u >= 0x7f) return false;
  switch (c) {
    case '(':
    case ')':
    case '{':
    case '%':
    case '*':
    case '"':
    case '\\':
    case ']':
      return false;
    default:
      return true;
  }
}

/// ASTRING-CHAR = ATOM-CHAR / "]".
constexpr bool is_astring_char(char c) { return c == ']' || is_imap_atom_char(c); }

}  // namespace pennypost::imap
