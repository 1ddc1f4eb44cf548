// The list of all limits and the page that is printed from it.
#include "server/base/limits.h"

namespace pennypost {
namespace {

std::string in_words(Octets size) {
  constexpr std::int64_t kibi = 1024;
  constexpr std::int64_t mebi = kibi * kibi;
  if (size.count >= mebi && size.count % mebi == 0) return std::to_string(size.count / mebi) + " MiB";
  if (size.count >= kibi && size.count % kibi == 0) return std::to_string(size.count / kibi) + " KiB";
  return std::to_string(size.count) + " octets";
}
std::string in_words(Seconds time) { return std::to_string(time.count()) + " s"; }
std::string in_words(std::int64_t count) { return std::to_string(count); }

template <typename T>
LimitRow row(const Limit<T>& limit) {
  return {limit.name, in_words(limit.most), limit.source};
}

}  // namespace

std::vector<LimitRow> all_limits() {
  return {
      // net
      row(kNetLineTime),
      row(kNetWriteTime),
      row(kNetHandshakeTime),
      row(kNetLookAhead),
      row(kNetSessions),
      // dns
      row(kDnsCacheEntries),
      row(kDnsCacheOctets),
      row(kDnsUnderWay),
      // message
      row(kMimeDepth),
      row(kMimeParts),
      row(kMimeParameters),
      row(kHeaderValue),
      row(kHeaderAddresses),
      row(kReferences),
      row(kHtmlUrls),
      // store
      row(kReadAhead),
      row(kReadAheadAll),
      // delivery
      row(kContentInMemory),
      row(kSearchText),
      // smtp
      row(kSmtpLine),
      row(kSmtpErrors),
      row(kSmtpMessageTime),
      // auth
      row(kSaslLine),
      row(kPasswordOctets),
      row(kGuardEntries),
      // imap
      row(kImapLine),
      row(kImapLiteral),
      row(kImapLiteralBeforeLogin),
      row(kImapCommand),
      row(kImapSkipped),
      row(kImapAppendMessages),
      row(kImapBadCommands),
      row(kImapFetchItems),
      row(kImapSectionLevels),
      row(kImapHeaderNames),
      row(kImapSearchDepth),
      row(kImapSearchKeys),
      row(kSearchMessage),
      row(kImapKeywords),
      row(kImapKeyword),
      row(kImapMailboxName),
      row(kImapListPatterns),
      // pop3
      row(kPop3Line),
      row(kPop3Errors),
      // transport
      row(kAnswerLine),
      row(kAnswerLines),
      row(kExchangers),
      row(kReportedOriginal),
      // quarantine
      row(kQuarantineListed),
      row(kQuarantineReported),
      row(kQuarantineShown),
      row(kQuarantineText),
      row(kQuarantineReleases),
      // filter
      row(kTeachWaiting),
      row(kTeachOctets),
      row(kLearnWaiting),
      row(kOwnBodies),
      row(kNullAddresses),
      row(kListEntry),
      row(kWordEntries),
      row(kWebUrl),
      row(kWebForm),
      row(kWebHead),
      row(kWebChunkLine),
      row(kWebRedirects),
      row(kWebAddresses),
      row(kReverseDnsTime),
      // http
      row(kHttpForm),
      row(kHttpSilence),
      row(kHttpVisit),
      row(kHttpConnections),
      row(kHttpFromAddress),
      // historical log, spam filter log
      row(kHistoryWaiting),
      row(kHistoryText),
      row(kHistoryRows),
      row(kSpamLogText),
  };
}

std::string limits_page() {
  std::string page =
      "# Limits\n\nEvery buffer, count, depth and time that a stranger can stretch. The name stands in the log and in "
      "the\n"
      "metric when a limit is passed. Printed from `server/base/limits.h`.\n\n| limit | most | source or reason "
      "|\n|---|---|---|\n";
  for (const LimitRow& limit : all_limits()) {
    page += "| `";
    page += limit.name;
    page += "` | " + limit.most + " | ";
    page += limit.source;
    page += " |\n";
  }
  return page;
}

}  // namespace pennypost
