// The strings of FETCH that are computed once, at delivery: ENVELOPE, BODYSTRUCTURE, BODY (RFC 3501 and RFC
// 9051 7.4.2/7.5.2).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "server/message/parse.h"

namespace pennypost::message {

/// "(date subject from sender reply-to to cc bcc in-reply-to message-id)". Strings are quoted when they are printable
/// ASCII, otherwise literals "{n}" CR LF octets, so it goes into a response as it is; NUL never appears. Sender and
/// Reply-To fall back on From; several To, Cc, Bcc fields count as one list; an address without domain has the empty
/// string, since NIL would mean a group.
std::string envelope(const Message& message);

/// The extended form, with MD5, disposition, language, location. Octet and line counts are those of BODY[n]. A
/// multipart or message that was not looked into is "application" "octet-stream".
std::string bodystructure(const Message& message);

/// The form without extension data (FETCH BODY).
std::string body(const Message& message);

/// BODY from a stored BODYSTRUCTURE. What is not such a string comes back as it is.
std::string body_of_bodystructure(std::string_view bodystructure);

/// Appends an IMAP nstring: NIL is not among its results; quoted when printable ASCII of moderate length, otherwise a
/// literal. NULs are left out.
void append_string(std::string& out, std::string_view text);

}  // namespace pennypost::message
