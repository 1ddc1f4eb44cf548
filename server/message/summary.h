// The few decoded facts of a message that are stored in columns and shown in lists.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/message/address.h"
#include "server/message/date.h"
#include "server/message/parse.h"

namespace pennypost::message {

/// All texts are UTF-8 without control characters.
struct Summary {
  std::string subject;
  std::string base_subject;           ///< RFC 5256 section 2.1: what SORT and THREAD compare
  std::string from_name;              ///< display name of the first From address, otherwise empty
  std::string from_addr;              ///< "local@domain"
  std::string sender_addr;            ///< of the Sender field, otherwise empty
  std::vector<std::string> reply_to;  ///< "Name <local@domain>"
  std::vector<std::string> to;
  std::vector<std::string> cc;
  std::optional<Date> date;             ///< of the Date field; none when it has none that can be read
  std::string message_id;               ///< "<a@b>", empty when there is none
  std::string in_reply_to;              ///< its first id
  std::vector<std::string> references;  ///< oldest first; falls back on In-Reply-To (RFC 5256 REFERENCES)
  int received_fields = 0;              ///< hops, for loop limits (spec 40 section 4.1)
  bool has_attachments = false;         ///< a part with the disposition attachment, a name, or an embedded message
};

Summary summarize(const Message& message);

/// The base subject of a decoded subject (RFC 5256 section 2.1), case-folded so that equal ones compare equal.
/// `reply_or_forward` (when given) becomes true when something was taken off that says so.
std::string base_subject(std::string_view decoded_subject, bool* reply_or_forward = nullptr);

}  // namespace pennypost::message
