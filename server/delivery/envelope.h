// Who a message is from and for, and how it came: the envelope (RFC 5321 2.3.1) and what the receiving service knows.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ids.h"
#include "server/base/units.h"

namespace pennypost::store {
class HistorySession;
}  // namespace pennypost::store

namespace pennypost::delivery {

/// RFC 3461 section 4.1, one bit each; no bit at all means that NOTIFY was not given.
struct Notify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;
  bool given() const { return never || success || failure || delay; }
  /// "SUCCESS,FAILURE", "NEVER", or empty: as it is passed on and stored.
  std::string text() const;
  /// Nothing when a word is unknown, comes twice, or NEVER is not alone.
  static std::optional<Notify> from_text(std::string_view text);
  bool operator==(const Notify&) const = default;
};

/// RET of MAIL (RFC 3461 section 4.3).
enum class Return : std::uint8_t { not_given, full, headers };

struct Recipient {
  std::string address;  ///< without angle brackets; a default domain was added where there was none
  Notify notify;
  std::string original;  ///< ORCPT, decoded: "rfc822;anna@corp.example"; empty when not given
};

/// A recipient that the client named and did not get: nothing goes there, the historical log tells of it.
struct RefusedRecipient {
  std::string address;
  std::string reply;  ///< "550 5.1.1 ..."
};

struct Envelope {
  std::string return_path;  ///< without angle brackets; empty is the null path
  std::vector<Recipient> recipients;
  std::string envelope_id;  ///< ENVID, decoded; empty when not given
  Return returns = Return::not_given;
  bool utf8 = false;       ///< SMTPUTF8 was asked for (RFC 6531)
  bool eight_bit = false;  ///< BODY=8BITMIME
  std::vector<RefusedRecipient> refused;
};

/// By which door a message comes in.
enum class Entry : std::uint8_t {
  smtp,       ///< the SMTP service
  collector,  ///< fetched from another server
  webmail,
  list,    ///< sent on by the list server
  system,  ///< made here: bounces, warnings, notices
};
/// "smtp", "collector", ...
std::string_view word(Entry entry);

/// Who hands the message over.
struct Client {
  Entry entry = Entry::smtp;
  std::string session;               ///< id of the connection in the log
  int service_id = 1;                ///< of the SMTP service (spec 40 section 1)
  std::string address;               ///< "198.51.100.7"; empty when it was made here
  std::string server_address;        ///< local address of the connection
  std::string hello;                 ///< argument of HELO or EHLO as given
  bool extended = false;             ///< EHLO, not HELO
  std::string tls;                   ///< "TLSv1.3:TLS_AES_256_GCM_SHA384"; empty without TLS
  std::optional<AccountId> account;  ///< who logged in
  std::string account_name;
  bool may_relay = false;  ///< the relay decision let it send outside: what it sends is a submission
  std::shared_ptr<store::HistorySession> history;  ///< its row in the historical log; none while that is off
};

}  // namespace pennypost::delivery
