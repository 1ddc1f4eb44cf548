// Building of messages: text mails of the server itself, bounces (RFC 3464), Received fields. Lines end with CR LF.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/units.h"
#include "server/message/address.h"
#include "server/message/date.h"

namespace pennypost::message {

/// A field "Name: value" CR LF; folded at white space so that lines stay below 78 octets where there is any. CR, LF and
/// NUL of the value become spaces, so nothing can be smuggled into a header.
std::string field(std::string_view name, std::string_view value);

/// A field of text (Subject): encoded words where needed.
std::string text_field(std::string_view name, std::string_view utf8);

/// A field of addresses; display names are UTF-8 and get encoded.
std::string address_field(std::string_view name, const std::vector<Address>& list);

/// A boundary that no line of `inside` begins with.
std::string new_boundary(std::string_view inside = {});

/// What a Received field says (RFC 5321 4.4, in the form of spec 40 section 15.1). Empty members are left out.
struct Received {
  std::string from;          ///< what the client called itself in EHLO
  std::string from_host;     ///< its name by reverse DNS
  std::string from_address;  ///< "192.0.2.1" or "2001:db8::1", without brackets
  std::string by;            ///< our host name
  std::string by_address;    ///< our address of the connection
  std::string software;      ///< "Pennypost": becomes "running Pennypost"
  std::string with;          ///< SMTP, ESMTP, ESMTPSA, LMTP, POP3, HTTP (RFC 3848)
  std::string tls;           ///< "TLSv1.3:TLS_AES_256_GCM_SHA384", a comment behind `with`
  std::string id;            ///< our id of the message
  std::string for_address;   ///< the recipient, only when there is one
  Timestamp at{};
  int zone_minutes = 0;
};

/// `Received: from helo (host [1.2.3.4]) by us ([5.6.7.8] running X) with ESMTP (tls) id N for <a@b>; date`, folded.
std::string received_field(const Received& received);

/// "Return-Path: <a@b>" CR LF; "<>" for the null sender.
std::string return_path_field(std::string_view path);

/// A mail of plain text (UTF-8), with Date, Message-ID and MIME fields; with `html`, multipart/alternative of both.
struct TextMail {
  Address from;  ///< name in UTF-8
  std::vector<Address> to;
  std::string subject;              ///< UTF-8
  std::string text;                 ///< UTF-8, lines with CR LF or LF
  std::string html;                 ///< the same as a whole HTML document in UTF-8; empty: none
  std::vector<std::string> fields;  ///< further whole fields, each with its CR LF (Auto-Submitted, In-Reply-To, ...)
  std::string message_id;           ///< made new from the domain of `from` when empty
  Timestamp at{};
  int zone_minutes = 0;
};

std::string build(const TextMail& mail);

/// One recipient of a delivery report (RFC 3464 section 2.3).
struct ReportedRecipient {
  std::string original;           ///< ORCPT with its type ("rfc822;a@b"), empty when there was none
  std::string final_address;      ///< "a@b"
  std::string action = "failed";  ///< failed, delayed, delivered, relayed, expanded
  std::string status = "5.0.0";   ///< enhanced code (RFC 3463)
  std::string remote_mta;         ///< host name, empty when none was reached
  std::string diagnostic;         ///< what it said: "550 5.1.1 no such user"
  std::optional<Timestamp> last_attempt;
  std::optional<Timestamp> will_retry_until;  ///< for delayed
};

enum class ReturnContent : std::uint8_t {
  headers,  ///< RET=HDRS: text/rfc822-headers
  full,     ///< RET=FULL: message/rfc822
};

/// A delivery report: multipart/report with the text for people, message/delivery-status, and the original or its
/// header.
struct Report {
  std::string reporting_mta;  ///< our host name
  Address from;               ///< usually "Mail Delivery System" <postmaster@...>
  Address to;                 ///< the sender of the original
  std::string subject;        ///< UTF-8
  std::string text;           ///< UTF-8, for people
  std::string envelope_id;    ///< ENVID, empty when there was none
  std::optional<Timestamp> arrival;
  std::vector<ReportedRecipient> recipients;
  std::string_view original;  ///< the message in question; its header is cut out of it for ReturnContent::headers
  ReturnContent returned = ReturnContent::headers;
  std::string message_id;  ///< made new when empty
  Timestamp at{};
  int zone_minutes = 0;
};

/// The whole report. It carries Auto-Submitted: auto-replied (RFC 3834) and is to be sent with the null sender.
std::string build(const Report& report);

}  // namespace pennypost::message
