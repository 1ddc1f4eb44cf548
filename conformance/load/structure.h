// IMAP data in parentheses, and what a BODYSTRUCTURE says of the sizes of parts.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::load {

/// A list, or an atom, number, quoted string or literal as its octets; NIL is an atom.
struct Data {
  bool is_list = false;
  std::string text;
  std::vector<Data> items;
};

/// Reads the first parenthesised list of a response. Nothing when it is not closed or nested deeper than 200.
std::optional<Data> read_list(std::string_view response);

struct PartSize {
  std::string section;  ///< "1.2", as in BODY[1.2]
  std::uint64_t octets = 0;
};

/// The sections of all parts that have a size (RFC 3501 7.4.2), also those within attached messages. Nothing when the
/// structure does not follow the grammar.
std::optional<std::vector<PartSize>> part_sizes(const Data& body_structure);

}  // namespace pennypost::load
