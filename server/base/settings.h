// The one table of settings (STYLE 3.8): key, default, least, most, effect, spec section, sentence. Values live in the
// database as text, name -> value (spec 30 section 15); names are compared without regard to case, unknown ones are
// kept. `docs/settings.md`, `pennypost settings list` and the admin pages are printed from `all_settings()`.
#pragma once
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "server/base/units.h"

namespace pennypost {

/// When a changed value begins to count.
enum class Effect { at_once, next_message, next_connection, restart };
/// "at once", "next message", "next connection", "restart".
std::string_view word(Effect effect);

/// One setting. T is bool, std::int64_t, Seconds, Octets or std::string_view (text; least and most do not count).
template <typename T>
struct Setting {
  std::string_view key;
  T fallback{};
  T least{};
  T most{};
  Effect effect = Effect::at_once;
  std::string_view spec;  ///< chapter and section that it follows
  std::string_view says;  ///< one sentence for the administrator
};

// ---- identity and local mail
inline constexpr Setting<std::string_view> kHostName{
    .key = "HostName",
    .effect = Effect::next_connection,
    .spec = "40 section 2",
    .says = "Name of this server in greetings, EHLO and Received fields; empty: the name of the machine."};
inline constexpr Setting<std::string_view> kDefaultDomain{
    .key = "DefaultDomain",
    .effect = Effect::at_once,
    .spec = "60 section 5.1",
    .says = "Domain of automatic messages and of addresses given without one; empty: the first local domain."};
inline constexpr Setting<std::string_view> kPostmaster{
    .key = "Postmaster",
    .fallback = "postmaster",
    .effect = Effect::at_once,
    .spec = "60 section 8.3",
    .says = "Account or address that gets mail for postmaster where no account of that name exists."};
inline constexpr Setting<std::string_view> kLocalNetworks{
    .key = "LocalNetworks",
    .fallback = "127.0.0.0/8;10.0.0.0/8;172.16.0.0/12;192.168.0.0/16;169.254.0.0/16;::1/128;fc00::/7;fe80::/10",
    .effect = Effect::next_connection,
    .spec = "40 section 7",
    .says =
        "Networks (address/prefix, separated by semicolons) whose clients may send outside without logging in: these "
        "and no others, so that behind a router that hides who connects (NAT) the private ones can be left out; "
        "empty: none."};

// ---- SMTP
inline constexpr Setting<Octets> kMessageMost{
    .key = "MaxMessageSize",
    .fallback = {104'857'600},
    .least = {0},
    .most = {2'147'483'647},
    .effect = Effect::next_connection,
    .spec = "40 section 4",
    .says = "Octets of the largest message that SMTP and IMAP APPEND take; 0: 2 GiB."};
inline constexpr Setting<std::int64_t> kMaxHops{
    .key = "MaxHops",
    .fallback = 30,
    .least = 1,
    .most = 1000,
    .effect = Effect::next_message,
    .spec = "40 section 4.1",
    .says = "A message with more Received fields than this is going round in circles and is refused."};
inline constexpr Setting<std::int64_t> kRecipientsMost{
    .key = "MaxRecipients",
    .fallback = 1000,
    .least = 100,
    .most = 100'000,
    .effect = Effect::next_connection,
    .spec = "40 section 4",
    .says = "Most recipients of one message; further ones are answered 452."};
inline constexpr Setting<Seconds> kSmtpTimeout{
    .key = "SmtpTimeout",
    .fallback = 300s,
    .least = 10s,
    .most = 3600s,
    .effect = Effect::next_connection,
    .spec = "40 section 2",
    .says = "How long an SMTP client may be silent (RFC 5321 4.5.3.2.7: five minutes)."};

inline constexpr Setting<std::int64_t> kSmtpNul{
    .key = "SmtpSvrNullCharacterReplacement",
    .fallback = 0,
    .least = 0,
    .most = 255,
    .effect = Effect::next_connection,
    .spec = "40 section 2.9",
    .says = "NUL in a message: 0 refuses it, 255 drops the NUL, any other number is the character put in its place."};
inline constexpr Setting<std::string_view> kSmtpAuthentication{
    .key = "SmtpAuthentication",
    .fallback = "optional",
    .effect = Effect::next_connection,
    .spec = "40 section 2.1",
    .says = "AUTH on the SMTP service: disabled (not offered), optional, required (before sending anywhere)."};
inline constexpr Setting<bool> kSmtpInternalWithoutAuth{
    .key = "SmtpInternalWithoutAuthentication",
    .fallback = true,
    .effect = Effect::next_connection,
    .spec = "40 section 2.1",
    .says = "Mail to local addresses needs no authentication even where it is required."};
inline constexpr Setting<bool> kSmtpAuthenticatedMayRelay{
    .key = "SmtpAuthenticatedMayRelay",
    .fallback = true,
    .effect = Effect::next_connection,
    .spec = "40 section 7",
    .says = "Who has logged in may send outside from any address; off: only from addresses with an Allow line."};
inline constexpr Setting<std::string_view> kSmtpEncryption{
    .key = "SmtpEncryption",
    .fallback = "None/TLS",
    .effect = Effect::next_connection,
    .spec = "40 section 2.1",
    .says = "None/TLS: STARTTLS is offered, clear sessions are allowed; TLS: STARTTLS is demanded."};
inline constexpr Setting<bool> kSmtpDsnOff{.key = "SmtpDisableDsn",
                                           .fallback = false,
                                           .effect = Effect::next_connection,
                                           .spec = "40 section 2.8",
                                           .says = "Takes DSN (RFC 3461) out of EHLO and ignores its parameters."};
inline constexpr Setting<bool> kSmtpRefusePercent{.key = "SmtpRefusePercent",
                                                  .fallback = true,
                                                  .effect = Effect::next_connection,
                                                  .spec = "40 section 2.8",
                                                  .says = "Refuses recipients with a percent sign in the local part."};
inline constexpr Setting<std::string_view> kSmtpRefuseHello{
    .key = "SmtpRefuseConnectionsFrom",
    .effect = Effect::next_connection,
    .spec = "40 section 2.8",
    .says = "Clients whose HELO or EHLO name holds this text are refused; empty: none."};
inline constexpr Setting<bool> kSmtpVerify{
    .key = "SmtpEnableVrfyExpn",
    .fallback = false,
    .effect = Effect::next_connection,
    .spec = "40 section 2.7",
    .says = "Answers VRFY and EXPN for clients of the local networks and for who has logged in."};
inline constexpr Setting<std::int64_t> kSmtpSessions{.key = "SmtpMaximumSessions",
                                                     .fallback = 1000,
                                                     .least = 1,
                                                     .most = 10'000,
                                                     .effect = Effect::restart,
                                                     .spec = "40 section 2.5",
                                                     .says = "Most SMTP sessions at the same time."};
inline constexpr Setting<std::int64_t> kSmtpSessionsFromAddress{
    .key = "SmtpMaximumSessionsPerAddress",
    .fallback = 0,
    .least = 0,
    .most = 10'000,
    .effect = Effect::restart,
    .spec = "40 section 2.5",
    .says = "Most SMTP sessions of one address at the same time; 0: no limit."};

// ---- POP3 and IMAP
inline constexpr Setting<Seconds> kPop3Timeout{
    .key = "Pop3Timeout",
    .fallback = 600s,
    .least = 10s,
    .most = 86'400s,
    .effect = Effect::next_connection,
    .spec = "50 section 2",
    .says = "How long a POP3 client may be silent (RFC 1939 section 3: ten minutes at least)."};
inline constexpr Setting<Seconds> kMailboxLockWait{
    .key = "MailboxLockWait",
    .fallback = 5s,
    .least = 0s,
    .most = 60s,
    .effect = Effect::next_connection,
    .spec = "50 section 4.1",
    .says = "How long a login waits for a mailbox that another session has locked."};
inline constexpr Setting<Seconds> kImapTimeout{
    .key = "ImapTimeout",
    .fallback = 1800s,
    .least = 60s,
    .most = 86'400s,
    .effect = Effect::next_connection,
    .spec = "50 section 3.6",
    .says = "How long an IMAP client may be silent (RFC 3501 5.4: thirty minutes at least)."};
inline constexpr Setting<std::int64_t> kImapSessionsMost{.key = "ImapSessionsPerAccount",
                                                         .fallback = 20,
                                                         .least = 1,
                                                         .most = 10'000,
                                                         .effect = Effect::next_connection,
                                                         .spec = "50 section 3.1",
                                                         .says = "Most IMAP sessions of one account at the same time."};

inline constexpr Setting<bool> kImapIdle{.key = "ImapIdle",
                                         .fallback = true,
                                         .effect = Effect::next_connection,
                                         .spec = "50 section 3.1",
                                         .says = "Announce and accept the IMAP command IDLE."};
inline constexpr Setting<std::int64_t> kImapFailedLogins{
    .key = "ImapFailedLogins",
    .fallback = 3,
    .least = 1,
    .most = 1000,
    .effect = Effect::next_connection,
    .spec = "50 section 3.1",
    .says = "After so many failed logins in one IMAP session the connection is closed."};

// ---- out queue
inline constexpr Setting<std::string_view> kRelayHost{
    .key = "RelayHost",
    .effect = Effect::next_message,
    .spec = "60 section 7.1",
    .says = "Smart host for outgoing mail, name or name:port; empty: directly to the recipients' mail exchangers."};
inline constexpr Setting<std::string_view> kRelayUser{.key = "RelayUser",
                                                      .effect = Effect::next_message,
                                                      .spec = "60 section 7.1",
                                                      .says = "Name for AUTH at the smart host; empty: none."};
inline constexpr Setting<std::string_view> kRelayPassword{.key = "RelayPassword",
                                                          .effect = Effect::next_message,
                                                          .spec = "60 section 7.1",
                                                          .says = "Password for AUTH at the smart host."};
inline constexpr Setting<std::string_view> kRelayTls{
    .key = "RelayTls",
    .fallback = "opportunistic",
    .effect = Effect::next_message,
    .spec = "60 section 7.1",
    .says = "TLS to the smart host: none, opportunistic, required (STARTTLS with a checked certificate) or implicit."};
inline constexpr Setting<Seconds> kQueueRetry{
    .key = "QueueRetry",
    .fallback = 900s,
    .least = 1s,
    .most = 86'400s,
    .effect = Effect::at_once,
    .spec = "60 section 7.6",
    .says = "First wait after a temporary failure; it doubles up to QueueRetryMost."};
inline constexpr Setting<Seconds> kQueueRetryMost{.key = "QueueRetryMost",
                                                  .fallback = 14'400s,
                                                  .least = 1s,
                                                  .most = 604'800s,
                                                  .effect = Effect::at_once,
                                                  .spec = "60 section 7.6",
                                                  .says = "Longest wait between two attempts."};
inline constexpr Setting<Seconds> kQueueWarning{
    .key = "QueueWarning",
    .fallback = 86'400s,
    .least = 0s,
    .most = 2'592'000s,
    .effect = Effect::at_once,
    .spec = "60 section 7.6",
    .says = "Age at which the sender is told once that a message is delayed; 0: never."};
inline constexpr Setting<Seconds> kQueueLifetime{
    .key = "QueueLifetime",
    .fallback = 259'200s,
    .least = 60s,
    .most = 2'592'000s,
    .effect = Effect::at_once,
    .spec = "60 section 7.6",
    .says = "Age at which an undelivered message is returned to its sender (three days)."};
inline constexpr Setting<Seconds> kFinishedKept{.key = "QueueFinishedKept",
                                                .fallback = 604'800s,
                                                .least = 0s,
                                                .most = 31'536'000s,
                                                .effect = Effect::at_once,
                                                .spec = "30 section 7.1",
                                                .says = "How long finished rows stay in the queue tables for reports."};
inline constexpr Setting<Seconds> kTraceKept{.key = "TraceKept",
                                             .fallback = 2'592'000s,
                                             .least = 3600s,
                                             .most = 315'360'000s,
                                             .effect = Effect::at_once,
                                             .spec = "DESIGN section 3",
                                             .says = "How long the trace of a message is kept."};

inline constexpr Setting<bool> kRelayCheckCertificate{
    .key = "RelayCheckCertificate",
    .fallback = true,
    .effect = Effect::next_message,
    .spec = "60 section 7.1",
    .says = "With RelayTls required or implicit, the smart host's certificate must hold for its name; off: any."};
inline constexpr Setting<std::int64_t> kSendRecipientsMost{
    .key = "MaxRecipientsPerMessage",
    .fallback = 100,
    .least = 1,
    .most = 10'000,
    .effect = Effect::next_message,
    .spec = "60 section 7.1",
    .says = "Most recipients of one outgoing transaction; a message to more goes out several times."};
inline constexpr Setting<std::int64_t> kSenders{
    .key = "SendingThreads",
    .fallback = 10,
    .least = 1,
    .most = 200,
    .effect = Effect::restart,
    .spec = "60 section 7.2",
    .says = "Number of connections to other servers that send at the same time."};

// ---- passwords
inline constexpr Setting<bool> kRecoverablePasswords{
    .key = "RecoverablePasswords",
    .fallback = false,
    .effect = Effect::at_once,
    .spec = "30 section 5.1",
    .says = "Keep new passwords in a form that APOP and CRAM-MD5 can use, encrypted with the key file."};
inline constexpr Setting<std::int64_t> kPasswordLeast{.key = "PasswordMinimumLength",
                                                      .fallback = 5,
                                                      .least = 1,
                                                      .most = 128,
                                                      .effect = Effect::at_once,
                                                      .spec = "30 section 5.1",
                                                      .says = "Fewest characters of a new password."};

inline constexpr Setting<bool> kRequireEncryptedLogin{
    .key = "RequireEncryptedAuthentication",
    .fallback = false,
    .effect = Effect::next_connection,
    .spec = "50 section 1.2",
    .says = "Refuse plain text passwords on connections without TLS; APOP, CRAM-MD5 and SCRAM stay allowed."};

// ---- login guard
inline constexpr Setting<std::int64_t> kLockAfter{
    .key = "LockoutAttempts",
    .fallback = 3,
    .least = 1,
    .most = 99,
    .effect = Effect::at_once,
    .spec = "50 section 1.5",
    .says = "Wrong passwords in a row after which an account is locked for the address they came from."};
inline constexpr Setting<Seconds> kLockFor{.key = "LockoutTime",
                                           .fallback = 1800s,
                                           .least = 60s,
                                           .most = 599'940s,
                                           .effect = Effect::at_once,
                                           .spec = "50 section 1.5",
                                           .says = "How long an account stays locked for that address."};
inline constexpr Setting<bool> kLockWebOnLoopback{
    .key = "LockoutWebOnLoopback",
    .fallback = false,
    .effect = Effect::at_once,
    .spec = "50 section 1.5",
    .says = "Lock accounts for webmail and administration from 127.0.0.1 too."};
inline constexpr Setting<std::int64_t> kBlockAfter{
    .key = "FailedLoginThreshold",
    .fallback = 10,
    .least = 1,
    .most = 100'000,
    .effect = Effect::at_once,
    .spec = "50 section 1.5",
    .says = "Failed logins of one address, over all services and names, that block it."};
inline constexpr Setting<Seconds> kBlockPeriod{.key = "MonitorLoginsPeriod",
                                               .fallback = 1800s,
                                               .least = 60s,
                                               .most = 604'800s,
                                               .effect = Effect::at_once,
                                               .spec = "50 section 1.5",
                                               .says = "Age up to which a failed login counts for the block."};
inline constexpr Setting<Seconds> kBlockFor{.key = "FailedLoginBlockTime",
                                            .fallback = 1800s,
                                            .least = 60s,
                                            .most = 604'800s,
                                            .effect = Effect::at_once,
                                            .spec = "50 section 1.5",
                                            .says = "How long an address stays blocked."};
inline constexpr Setting<std::int64_t> kPop3FailuresMost{
    .key = "Pop3MaxFailedLogins",
    .fallback = 3,
    .least = 1,
    .most = 100,
    .effect = Effect::next_connection,
    .spec = "50 section 2.1",
    .says = "Failed logins of one POP3 session after which it is ended."};
inline constexpr Setting<bool> kPop3Hold{
    .key = "Pop3HoldDeleted",
    .fallback = false,
    .effect = Effect::next_connection,
    .spec = "50 section 2.1",
    .says = "Hold messages that a POP3 client deletes (kept, invisible to clients) instead of deleting them."};

// ---- spam filter
inline constexpr Setting<bool> kSpamFilter{
    .key = "SpamFilter",
    .fallback = false,
    .effect = Effect::next_message,
    .spec = "11 section 10",
    .says = "Run the spam and content filter on SMTP messages (docs/filter.md)."};
inline constexpr Setting<Seconds> kFilterTimeout{
    .key = "FilterTimeout",
    .fallback = 60s,
    .least = 1s,
    .most = 3600s,
    .effect = Effect::next_message,
    .spec = "11 section 10.1",
    .says = "How long the spam rules may work on one message before the client gets 450 and tries again."};
inline constexpr Setting<std::int64_t> kSpamThreshold{
    .key = "SpamQuarantineThreshold",
    .fallback = 100,
    .least = -1,
    .most = 1'000'000,
    .effect = Effect::next_message,
    .spec = "11 section 7.2",
    .says =
        "Score from which a message counts as spam and goes into the quarantine, for accounts without a threshold "
        "of their own; -1: never."};
inline constexpr Setting<std::string_view> kSpamFolder{
    .key = "SpamFolder",
    .effect = Effect::next_message,
    .spec = "11 section 7.1",
    .says = "Folder of each account for spam that is not quarantined (made when missing); empty: the inbox."};
inline constexpr Setting<bool> kQuarantineEnabled{
    .key = "QuarantineEnabled",
    .fallback = true,
    .effect = Effect::next_message,
    .spec = "11 section 7.1",
    .says = "Keep spam for accounts here in their quarantine; off: deliver it, to SpamFolder where that is set."};
inline constexpr Setting<std::int64_t> kQuarantineKeepDays{
    .key = "QuarantineKeepDays",
    .fallback = 14,
    .least = 1,
    .most = 3650,
    .effect = Effect::at_once,
    .spec = "11 section 7.1",
    .says = "Days after which a quarantined message is deleted."};
inline constexpr Setting<std::string_view> kQuarantineReportTimes{
    .key = "QuarantineReportTimes",
    .fallback = "07:00",
    .effect = Effect::at_once,
    .spec = "11 section 7.3",
    .says = "Times of day (07:00 16:30, local time) at which users are told of newly quarantined mail; empty: never."};
inline constexpr Setting<std::string_view> kQuarantineReportRecipient{
    .key = "QuarantineReportRecipient",
    .effect = Effect::at_once,
    .spec = "11 section 7.3",
    .says = "Address that gets the reports of all users without one of their own; no-one: nobody; empty: the user."};
inline constexpr Setting<std::string_view> kWebAddress{
    .key = "WebAddress",
    .effect = Effect::at_once,
    .spec = "70 section 7.3",
    .says =
        "Beginning of the links in mails to users, like https://mail.example.org; empty: http, HostName and the "
        "port of the HTTP service."};
inline constexpr Setting<bool> kLearnFromMoves{
    .key = "LearnFromMoves",
    .fallback = true,
    .effect = Effect::at_once,
    .spec = "11 section 6",
    .says = "Bayes learns from what users move into and out of Junk and from the keywords $Junk and $NotJunk."};
inline constexpr Setting<std::int64_t> kLearnedKeepDays{
    .key = "BayesRemembersDays",
    .fallback = 90,
    .least = 1,
    .most = 3650,
    .effect = Effect::at_once,
    .spec = "11 section 6",
    .says = "Days for which Bayes knows that it has learned a message: it counts once, and can be un-learned."};
inline constexpr Setting<std::string_view> kGeoIpDatabase{
    .key = "GeoIpDatabase",
    .effect = Effect::restart,
    .spec = "10 section 6.26",
    .says = "File with countries of addresses in MaxMind's format, for GetGeoIP; empty: none."};
inline constexpr Setting<bool> kScriptWeb{
    .key = "ScriptWeb",
    .fallback = true,
    .effect = Effect::next_message,
    .spec = "10 section 6.34",
    .says = "Rule scripts may fetch pages (HTTPGet, HTTPGetMD5, HTTPPost, WinHTTPGet); off: their answers are empty."};
inline constexpr Setting<bool> kScriptWebPrivate{
    .key = "ScriptWebPrivate",
    .fallback = false,
    .effect = Effect::next_message,
    .spec = "10 section 6.34",
    .says =
        "Rule scripts may fetch pages from this machine, from private networks and other addresses that are not "
        "public."};
inline constexpr Setting<std::string_view> kScriptWebProxy{
    .key = "ScriptWebProxy",
    .effect = Effect::next_message,
    .spec = "11 section 1.11",
    .says = "Web proxy (host:port) through which WinHTTPGet fetches its pages; empty: none."};

// ---- historical log
inline constexpr Setting<bool> kHistoricalLogging{
    .key = "HistoricalLogging",
    .fallback = false,
    .effect = Effect::next_message,
    .spec = "60 section 17.3",
    .says =
        "Write sessions, messages, recipients and spam rules to the tables of schema logdb (docs/administration.md)."};
inline constexpr Setting<std::int64_t> kHistoryKeepDays{
    .key = "HistoryKeepDays",
    .fallback = 0,
    .least = 0,
    .most = 36'500,
    .effect = Effect::at_once,
    .spec = "30 section 9.6",
    .says = "Days after which rows of the historical log are deleted; 0: never."};

/// A row of the table with its type erased, for printing, checking and documentation.
struct SettingRow {
  std::string_view key;
  std::string_view type;  ///< "switch", "number", "seconds", "octets", "text"
  std::string fallback;
  std::string least;  ///< empty where it does not count
  std::string most;
  Effect effect;
  std::string_view spec;
  std::string_view says;
};

/// Every setting of the table above, in its order.
std::span<const SettingRow> all_settings();
/// The row of a key, without regard to case; none for an unknown key.
const SettingRow* find_setting(std::string_view key);
/// Why `value` will not do for `row` ("a number from 1 to 1000 is needed"), or none.
std::optional<std::string> objection(const SettingRow& row, std::string_view value);
/// The whole of docs/settings.md.
std::string settings_manual();

/// Orders names without regard to ASCII case.
struct NoCaseLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

/// All values at one moment; immutable once shared, so any thread may read it. A missing value, and one that makes no
/// sense, gives the default; a number outside least..most gives the nearer of the two.
class SettingsSnapshot {
 public:
  using Values = std::map<std::string, std::string, NoCaseLess>;
  SettingsSnapshot() = default;
  explicit SettingsSnapshot(Values values) : values_{std::move(values)} {}

  bool get(const Setting<bool>& s) const;
  std::int64_t get(const Setting<std::int64_t>& s) const;
  Seconds get(const Setting<Seconds>& s) const;
  Octets get(const Setting<Octets>& s) const;
  std::string get(const Setting<std::string_view>& s) const;
  /// The text as stored, known key or not.
  std::optional<std::string> text(std::string_view key) const;
  const Values& values() const { return values_; }

 private:
  Values values_;
};

/// Octets of the largest message really taken: what MaxMessageSize 0 means is said here alone.
inline Octets message_most(const SettingsSnapshot& settings) {
  const auto most = settings.get(kMessageMost);
  return most.count > 0 ? most : kMessageMost.most;
}

}  // namespace pennypost
