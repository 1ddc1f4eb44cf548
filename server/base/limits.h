// Limits: every buffer, count, depth and time that a stranger can stretch has one, declared here with its name, size
// and source (STYLE 3.10). The name stands in the log and in the metric when the limit is passed; docs/limits.md is
// printed from all_limits(). To add one: declare it in the section of its folder and list it in limits.cpp (a test
// counts).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost {

/// A limit: `most` is the largest value that is still accepted; `source` is the document or the reason behind it.
/// `T` is Octets, Seconds, or a plain count (int, std::size_t).
template <typename T>
struct Limit {
  std::string_view name;
  T most;
  std::string_view source;
};

/// The error of a passed limit; the log text names the limit.
template <typename T>
Error passed(const Limit<T>& limit, std::string for_client) {
  return error(Kind::too_large, std::move(for_client), "limit passed: " + std::string{limit.name});
}

// The network (server/net).
inline constexpr Limit<Seconds> kNetLineTime{
    "net.line_time", 300s,
    "ours: from the first octet of a line to its end; stops one octet a second from lasting for ever"};
inline constexpr Limit<Seconds> kNetWriteTime{"net.write_time", 300s,
                                              "RFC 5321 4.5.3.2: a peer that takes nothing for so long is given up"};
inline constexpr Limit<Seconds> kNetHandshakeTime{"net.handshake_time", 30s,
                                                  "ours: a TLS handshake from first to last octet"};
inline constexpr Limit<Octets> kNetLookAhead{"net.look_ahead", 256_KiB,
                                             "ours: octets that may stand in one connection's input"};
inline constexpr Limit<int> kNetSessions{"net.sessions", 10'000, "DESIGN section 5: threads of one service"};

// Name service (server/dns).
inline constexpr Limit<int> kDnsCacheEntries{"dns.cache_entries", 20'000, "ours: answers that are remembered"};
inline constexpr Limit<Octets> kDnsCacheOctets{"dns.cache_octets", 16_MiB,
                                               "ours: what remembered answers take in memory"};
inline constexpr Limit<int> kDnsUnderWay{"dns.under_way", 2'000, "ours: questions that wait for servers at once"};

// Messages (server/message). What lies beyond is not refused: it is read as opaque text or left out of summaries.
inline constexpr Limit<int> kMimeDepth{"mime.depth", 100, "RFC 2046 sets none; deeper parts become opaque octets"};
inline constexpr Limit<int> kMimeParts{"mime.parts", 10'000,
                                       "RFC 2046 sets none; what follows belongs to the last part"};
inline constexpr Limit<int> kMimeParameters{"mime.parameters", 100, "parameters of one field; more are left out"};
inline constexpr Limit<Octets> kHeaderValue{
    "message.header_value", 256_KiB, "octets of one field that envelope and summary look at; the rest is left out"};
inline constexpr Limit<int> kHeaderAddresses{"message.header_addresses", 10'000,
                                             "addresses of one field that envelope and summary hold"};
inline constexpr Limit<int> kReferences{"message.references", 1'000, "message ids of one field; more are left out"};
inline constexpr Limit<int> kHtmlUrls{"message.urls", 10'000, "URLs of one message that the filter looks at"};

// The store (server/store).
inline constexpr Limit<Octets> kReadAhead{
    "store.read_ahead", 512_KiB, "ours: messages read for one session before it asks for them, in one go; two goes"};
inline constexpr Limit<Octets> kReadAheadAll{"store.read_ahead_all", 64_MiB,
                                             "ours: the same of all sessions; beyond it nothing is read ahead"};

// The way of a message (server/delivery).
inline constexpr Limit<Octets> kContentInMemory{
    "delivery.content_in_memory", 1_MiB,
    "ours: octets of a message on its way that stand in memory; more go to the spool folder"};

inline constexpr Limit<Octets> kSearchText{
    "delivery.search_text", 1_MiB, "ours: decoded text of one message that SEARCH finds without reading the message"};

// SMTP (server/smtp).
inline constexpr Limit<Octets> kSmtpLine{"smtp.line", 16_KiB, "RFC 5321 4.5.3.1.4: 512; RFC 4954 4: 12,288"};
inline constexpr Limit<int> kSmtpErrors{"smtp.errors", 100, "spec 40 section 3.2: 5xx replies in a row, then 421"};
inline constexpr Limit<Seconds> kSmtpMessageTime{
    "smtp.message_time", 600s,
    "ours: for the first MiB of a message and for each further one; stops one octet a second"};

// Logins (server/auth).
inline constexpr Limit<Octets> kSaslLine{"sasl.line", 12'288_B, "RFC 4954 4: octets of one base64 line"};
inline constexpr Limit<Octets> kPasswordOctets{"auth.password", 256_B, "ours: octets of a new password"};
inline constexpr Limit<int> kGuardEntries{"auth.guard_entries", 100'000,
                                          "ours: remembered failures by account and address, and by address"};
// IMAP (server/imap). What a client can fill: the line, the literal, the command, what it asks for.
inline constexpr Limit<Octets> kImapLine{"imap.line", 64_KiB, "RFC 7162 4: 8,192 and more for long message sets"};
inline constexpr Limit<Octets> kImapLiteral{"imap.literal", 256_KiB, "ours: a string that is no message"};
inline constexpr Limit<Octets> kImapLiteralBeforeLogin{"imap.literal_before_login", 8_KiB,
                                                       "ours: a name or password; what a stranger may fill"};
inline constexpr Limit<Octets> kImapCommand{"imap.command", 1024_KiB, "ours: all lines and strings of one command"};
inline constexpr Limit<Octets> kImapSkipped{"imap.skipped", 1024_MiB,
                                            "ours: a refused literal that is read and thrown away; beyond, the end"};
inline constexpr Limit<int> kImapAppendMessages{"imap.append_messages", 100, "RFC 3502: messages of one APPEND"};
inline constexpr Limit<int> kImapBadCommands{"imap.bad_commands", 20, "ours: wrong commands in a row, then BYE"};
inline constexpr Limit<int> kImapFetchItems{"imap.fetch_items", 200, "ours: items of one FETCH"};
inline constexpr Limit<int> kImapSectionLevels{"imap.section_levels", 200, "ours: numbers in BODY[1.2.3]"};
inline constexpr Limit<int> kImapHeaderNames{"imap.header_names", 1'000, "ours: names in BODY[HEADER.FIELDS (...)]"};
inline constexpr Limit<int> kImapSearchDepth{"imap.search_depth", 100, "ours: nesting of NOT, OR and parentheses"};
inline constexpr Limit<int> kImapSearchKeys{"imap.search_keys", 2'000, "ours: keys of one SEARCH"};
inline constexpr Limit<Octets> kSearchMessage{"imap.search_message", 64_MiB,
                                              "ours: how far into one message SEARCH reads when the index cannot tell"};
inline constexpr Limit<int> kImapKeywords{"imap.keywords", 100, "ours: keywords of one STORE or APPEND"};
inline constexpr Limit<Octets> kImapKeyword{"imap.keyword", 100_B, "ours: one keyword"};
inline constexpr Limit<Octets> kImapMailboxName{"imap.mailbox_name", 1000_B, "ours: a name in modified UTF-7"};
inline constexpr Limit<int> kImapListPatterns{"imap.list_patterns", 100, "RFC 5258: patterns of one LIST"};

// POP3 (server/pop3).
inline constexpr Limit<Octets> kPop3Line{"pop3.line", 12'288_B, "RFC 2449 4: 255; RFC 4954 4 for lines of AUTH"};
inline constexpr Limit<int> kPop3Errors{"pop3.errors", 50, "ours: commands of a session that make no sense"};

// Sending (server/transport).
inline constexpr Limit<Octets> kAnswerLine{"transport.answer_line", 8_KiB, "RFC 5321 4.5.3.1.5: 512; servers differ"};
inline constexpr Limit<int> kAnswerLines{"transport.answer_lines", 200, "ours: lines of one answer of a remote server"};
inline constexpr Limit<int> kExchangers{"transport.exchangers", 20, "ours: servers of one domain tried in one attempt"};

inline constexpr Limit<Octets> kReportedOriginal{"transport.reported_original", 10_MiB,
                                                 "RFC 3461 4.3: a larger message is reported with its header only"};

// The quarantine (server/store, server/filter).
inline constexpr Limit<int> kQuarantineListed{"quarantine.listed", 10'000, "ours: messages of one answer of the list"};
inline constexpr Limit<int> kQuarantineReported{"quarantine.reported", 500,
                                                "ours: messages named in one report; more are counted"};
inline constexpr Limit<Octets> kQuarantineShown{"quarantine.shown", 256_KiB,
                                                "ours: header, and text, of a message that its page shows"};
inline constexpr Limit<int> kQuarantineText{
    "quarantine.text", 200,
    "ours: characters of a subject or sender in reports, on the page and in the list; more are cut"};
inline constexpr Limit<int> kQuarantineReleases{"quarantine.releases", 1'000,
                                                "ours: messages released by one entry of the whitelist"};

// What users and scripts ask of the spam filter (server/filter).
inline constexpr Limit<int> kTeachWaiting{"filter.teach_waiting", 10'000,
                                          "ours: moved and marked messages that wait to be learned; more are passed"};
inline constexpr Limit<Octets> kTeachOctets{"filter.teach_octets", 32_MiB,
                                            "ours: a larger message is not learned when it is moved or marked"};
inline constexpr Limit<int> kLearnWaiting{"filter.learn_waiting", 1'000,
                                          "ours: learned messages that wait to be written; more are passed"};
inline constexpr Limit<int> kOwnBodies{"filter.own_bodies", 50,
                                       "ours: copies of one message with a header of their own (AddHeader {user})"};
inline constexpr Limit<int> kNullAddresses{"filter.null_addresses", 1'000,
                                           "ours: addresses that AddNullAddress lines made as they ran"};
inline constexpr Limit<Octets> kListEntry{"filter.list_entry", 1'000_B, "ours: one entry of a white or black list"};
inline constexpr Limit<int> kWordEntries{"filter.word_entries", 20'000, "ours: entries of both word lists that count"};

// HTTP (server/http). Lines and fields of a request are limited by the library (16 KiB, 100 fields).
inline constexpr Limit<Octets> kHttpForm{"http.form", 8_KiB, "ours: octets of a form that is sent to us"};
inline constexpr Limit<Seconds> kHttpSilence{"http.silence", 10s, "ours: a client that sends or takes nothing"};
inline constexpr Limit<Seconds> kHttpVisit{"http.visit", 120s, "ours: a connection from its begin to its end"};
inline constexpr Limit<int> kHttpConnections{"http.connections", 64, "ours: connections that are served at once"};
inline constexpr Limit<int> kHttpFromAddress{"http.from_address", 8,
                                             "ours: of them those of one address that is not on a private network"};

// The historical log (server/store) and the spam filter log (server/filter).
inline constexpr Limit<Octets> kHistoryWaiting{
    "store.history_waiting", 32_MiB,
    "ours: records of the historical log that wait to be written; further ones are counted and left out"};
inline constexpr Limit<Octets> kHistoryText{"store.history_text", 1'000_B,
                                            "ours: one text in the historical log; the rest is cut"};
inline constexpr Limit<int> kHistoryRows{
    "store.history_rows", 1'000, "ours: rules, attachments, refused recipients of one message in the historical log"};
inline constexpr Limit<Octets> kSpamLogText{"filter.log_text", 4'096_B,
                                            "ours: one text of a script in the spam filter log; the rest is cut"};

// Pages that rule scripts fetch (server/filter). The content has the limit of its request: 1 MiB (spec 10
// section 6.34).
inline constexpr Limit<Octets> kWebUrl{"web.url", 8_KiB,
                                       "RFC 9110 4.1: at least 8,000 octets; longer ones are not fetched"};
inline constexpr Limit<Octets> kWebForm{"web.form", 1_MiB, "ours: data of one HTTPPost"};
inline constexpr Limit<Octets> kWebHead{"web.head", 64_KiB,
                                        "ours: result line and fields of one answer; beyond, it counts as none"};
inline constexpr Limit<Octets> kWebChunkLine{"web.chunk_line", 4_KiB, "ours: RFC 9112 7.1: size and extensions"};
inline constexpr Limit<int> kWebRedirects{"web.redirects", 5, "spec 10 section 6.34"};
inline constexpr Limit<int> kWebAddresses{"web.addresses", 8, "ours: addresses of one name that are tried"};
inline constexpr Limit<Seconds> kReverseDnsTime{"filter.reverse_dns_time", 5s,
                                                "ours: for the name in ${SMTPReverseDNS} to be found"};

/// One line of docs/limits.md.
struct LimitRow {
  std::string_view name;
  std::string most;  ///< with its unit: "16 KiB", "300 s", "100"
  std::string_view source;
};
std::vector<LimitRow> all_limits();
/// docs/limits.md as a whole.
std::string limits_page();

}  // namespace pennypost
