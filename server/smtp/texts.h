// Reply texts of the SMTP server (spec 40 sections 3.1, 4.1): one value for wire, log and metric. `Mark::exact` texts
// are compared to the octet by tests; change none of them. Texts of stages (too many hops, ...) stand with their
// stages.
#pragma once
#include "server/base/smtp_text.h"

namespace pennypost::smtp {

inline constexpr Enhanced kNoEnhanced{};

// Connection
inline constexpr auto kReady =
    smtp_text(220, kNoEnhanced, "VPOP3 SMTP Server Ready", Mark::exact);  // "<host> " before it
inline constexpr auto kHello = smtp_text(250, kNoEnhanced, "pleased to meet you", Mark::exact);
inline constexpr auto kTooManyFromYou =
    smtp_text(421, {4, 3, 2}, "VPOP3 Too many connections from your IP address - try later", Mark::exact);
inline constexpr auto kTooManySessions = smtp_text(421, {4, 3, 2}, "VPOP3 Too many SMTP connections - try later");
inline constexpr auto kShuttingDown = smtp_text(421, {4, 3, 2}, "Service shutting down, closing transmission channel");
inline constexpr auto kIdleTooLong = smtp_text(421, {4, 4, 2}, "Timeout waiting for data from the client");
inline constexpr auto kTooManyErrors = smtp_text(421, {4, 7, 0}, "Too many errors, closing transmission channel");
inline constexpr auto kInternalError = smtp_text(421, {4, 3, 0}, "Internal error, closing transmission channel");
inline constexpr auto kBlocked =
    smtp_text(421, {4, 7, 1}, "Your connection has been blocked temporarily - Try again later", Mark::exact);
inline constexpr auto kBye = smtp_text(221, {2, 0, 0}, "Closing transmission channel");

// Syntax and sequence
inline constexpr auto kUnrecognised = smtp_text(500, {5, 5, 1}, "Unrecognised command");
inline constexpr auto kLineTooLong = smtp_text(500, {5, 5, 2}, "Line too long");
inline constexpr auto kBadOctets =
    smtp_text(500, {5, 5, 2}, "A command line ends with CR LF and contains no control characters");
inline constexpr auto kNoArgumentsHere = smtp_text(501, {5, 5, 4}, "This command takes no argument");
inline constexpr auto kArgumentNeeded = smtp_text(501, {5, 5, 4}, "An argument is needed");
inline constexpr auto kBadSenderSyntax = smtp_text(501, {5, 1, 7}, "Syntax error in sender address");
inline constexpr auto kBadRecipientSyntax = smtp_text(501, {5, 1, 3}, "Syntax error in recipient address");
inline constexpr auto kBadParameter = smtp_text(501, {5, 5, 4}, "Syntax error in parameter");
inline constexpr auto kUnknownParameter = smtp_text(555, {5, 5, 4}, "Parameter not recognised");
inline constexpr auto kHelloFirst = smtp_text(503, {5, 5, 1}, "Send HELO or EHLO first");
inline constexpr auto kEhloFirst = smtp_text(503, {5, 5, 1}, "Send EHLO first");  // AUTH is an extension
inline constexpr auto kMailFirst = smtp_text(503, {5, 5, 1}, "Send MAIL first");
inline constexpr auto kMailTwice = smtp_text(503, {5, 5, 1}, "Sender already given");
inline constexpr auto kNoRecipients = smtp_text(503, {5, 5, 1}, "No valid recipients");
inline constexpr auto kDataInsideBdat = smtp_text(503, {5, 5, 1}, "BDAT transfer in progress");

inline constexpr auto kBdatFailed = smtp_text(503, {5, 5, 1}, "A part of the message was refused, send RSET");

// MAIL, RCPT
inline constexpr auto kSenderOk = smtp_text(250, {2, 1, 0}, "Sender OK");
inline constexpr auto kRecipientOk = smtp_text(250, {2, 1, 5}, "Recipient OK");
inline constexpr auto kRelayRefused =
    smtp_text(550, {5, 7, 1}, "Relaying not allowed! Bad sender IP address", Mark::exact);
inline constexpr auto kAuthenticationRequired = smtp_text(530, {5, 7, 0}, "Authentication required");
inline constexpr auto kUnknownRecipient = smtp_text(550, {5, 1, 1}, "Unrecognised recipient");  // " <addr>" after it
inline constexpr auto kPercent = smtp_text(553, {5, 1, 3}, "Address not allowed");
inline constexpr auto kNeedsUtf8 = smtp_text(553, {5, 6, 7}, "The address needs SMTPUTF8");
inline constexpr auto kTooManyRecipients = smtp_text(452, {4, 5, 3}, "Too many recipients");
inline constexpr auto kAccessDenied = smtp_text(554, {5, 7, 1}, "Access denied");

// DATA, BDAT
inline constexpr auto kStartMail = smtp_text(354, kNoEnhanced, "Start mail input; end with <CRLF>.<CRLF>");
inline constexpr auto kChunk = smtp_text(250, {2, 0, 0}, "octets received");  // "<n> " before it
inline constexpr auto kTooLarge =
    smtp_text(552, {5, 2, 3}, "Message too large - Contact your administrator", Mark::case_of);
inline constexpr auto kNul = smtp_text(554, {5, 6, 0}, "Data stream contained NUL character", Mark::exact);
inline constexpr auto kTryLater = smtp_text(451, {4, 3, 0}, "Temporary failure - try again later");
inline constexpr auto kNoStorage = smtp_text(452, {4, 3, 1}, "Insufficient system storage");
inline constexpr auto kUnavailable = smtp_text(451, {4, 3, 2}, "Mail system not available - try again later");

// AUTH, STARTTLS
inline constexpr auto kAuthOk = smtp_text(235, {2, 7, 0}, "Authentication successful");
inline constexpr auto kAuthFailed = smtp_text(535, {5, 7, 8}, "Authentication failed");
inline constexpr auto kAuthCancelled = smtp_text(501, {5, 7, 0}, "Authentication cancelled");
inline constexpr auto kAuthBadBase64 = smtp_text(501, {5, 5, 2}, "Cannot decode the response");
inline constexpr auto kAuthTooLong = smtp_text(500, {5, 5, 6}, "Authentication exchange line is too long");
inline constexpr auto kAuthUnknown = smtp_text(504, {5, 5, 4}, "Unrecognised authentication type");
inline constexpr auto kAuthTwice = smtp_text(503, {5, 5, 1}, "Already authenticated");
inline constexpr auto kAuthInMail = smtp_text(503, {5, 5, 1}, "Not during a mail transaction");
inline constexpr auto kAuthTemporary = smtp_text(454, {4, 7, 0}, "Temporary authentication failure");
inline constexpr auto kAuthNeedsTls =
    smtp_text(538, {5, 7, 11}, "Encryption required for requested authentication mechanism");
inline constexpr auto kAuthDisabled = smtp_text(502, {5, 5, 1}, "Authentication not available");
inline constexpr auto kTlsReady = smtp_text(220, {2, 0, 0}, "Ready to start TLS");
inline constexpr auto kTlsAlready = smtp_text(503, {5, 5, 1}, "TLS already started");
inline constexpr auto kTlsNotHere = smtp_text(502, {5, 5, 1}, "TLS not available");
inline constexpr auto kTlsFirst = smtp_text(530, {5, 7, 0}, "Must issue a STARTTLS command first");

// The rest
inline constexpr auto kOk = smtp_text(250, {2, 0, 0}, "OK");
inline constexpr auto kCommandNotAvailable = smtp_text(502, {5, 5, 1}, "Command not available");
inline constexpr auto kVerifyDenied = smtp_text(550, {5, 7, 1}, "Access denied");
inline constexpr auto kNotSureWho = smtp_text(252, {2, 5, 0}, "Cannot verify, but will take mail for this user");
inline constexpr auto kNoSuchList = smtp_text(550, {5, 1, 1}, "No such list");
inline constexpr auto kNoSuchHelp = smtp_text(504, {5, 5, 4}, "No help on");    // " <word>" after it
inline constexpr auto kEtrnRefused = smtp_text(459, {4, 5, 4}, "not allowed");  // "Node <domain> " before it

}  // namespace pennypost::smtp
