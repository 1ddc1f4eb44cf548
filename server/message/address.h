// Addresses of header fields (RFC 5322 section 3.4 and 4.4, RFC 6532), written as people write them.
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pennypost::message {

/// One mailbox. Quotes, escapes and comments are gone from all parts; RFC 2047 words in `name` are still encoded.
struct Address {
  std::string name;    ///< display name, or the comment behind the address in the old form `a@b (Name)`
  std::string route;   ///< obsolete source route "@a,@b", without the colon
  std::string local;   ///< before the last "@", unquoted
  std::string domain;  ///< behind it, as written; empty when the text has none

  bool operator==(const Address&) const = default;
};

/// `name: a@b, c@d;`
struct Group {
  std::string name;
  std::vector<Address> members;

  bool operator==(const Group&) const = default;
};

using AddressOrGroup = std::variant<Address, Group>;

/// Reads an address list from a raw (folded) field value. Linear, never fails: what makes no sense is left out. Accepts
/// comments (nested), quoted strings, routes, groups, empty list elements, semicolons as commas, missing brackets,
/// domain literals, UTF-8. At most kHeaderAddresses addresses, of kHeaderValue octets.
std::vector<AddressOrGroup> addresses(std::string_view value);

/// The same with the members of groups among the others.
std::vector<Address> mailboxes(std::string_view value);

/// "local@domain" as it stands in an envelope: the local part quoted when it needs it. Just the local part when there
/// is no domain.
std::string addr_spec(const Address& address);

/// Whether the whole of `text` is one address as `addr_spec` writes it, with a domain that can be one (labels of
/// letters, digits, hyphens, underscores and UTF-8, or a literal in brackets) and without control characters.
bool is_addr_spec(std::string_view text);

/// The display name in UTF-8, RFC 2047 words decoded (decode_words); empty when there is none.
std::string display_name(const Address& address, std::string_view raw_charset = {});

/// `Name <local@domain>` in UTF-8, for people and for stored columns.
std::string to_string(const Address& address, std::string_view raw_charset = {});

}  // namespace pennypost::message
