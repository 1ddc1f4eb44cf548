// Message ids: reading them from Message-ID, In-Reply-To and References, and making new ones (RFC 5322 3.6.4).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::message {

/// All ids of a field value in their order, "<a@b>" each with its brackets, inner white space and comments taken out.
/// At most kReferences of them (of more, the first and the last stay).
std::vector<std::string> message_ids(std::string_view value);

/// The first id. Without brackets in the field: its first word, in brackets. None when the field has no word.
std::optional<std::string> message_id(std::string_view value);

/// A new id `<random.time@domain>`; unique by 128 random bits.
std::string new_message_id(std::string_view domain);

}  // namespace pennypost::message
