// The table of settings as rows, the reading of values, and the manual page made from it.
#include "server/base/settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pennypost {

namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> read_number(std::string_view text) {
  text = trimmed(text);
  std::int64_t n = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (problem != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return n;
}

std::optional<bool> read_switch(std::string_view text) {
  text = trimmed(text);
  for (const auto* yes : {"1", "yes", "on", "true"})
    if (same(text, yes)) return true;
  for (const auto* no : {"0", "no", "off", "false"})
    if (same(text, no)) return false;
  return std::nullopt;
}

std::int64_t count(std::int64_t n) { return n; }
std::int64_t count(Seconds s) { return s.count(); }
std::int64_t count(Octets o) { return o.count; }

template <typename T>
SettingRow number_row(const Setting<T>& s, std::string_view type) {
  return {s.key,
          type,
          std::to_string(count(s.fallback)),
          std::to_string(count(s.least)),
          std::to_string(count(s.most)),
          s.effect,
          s.spec,
          s.says};
}
SettingRow row(const Setting<std::int64_t>& s) { return number_row(s, "number"); }
SettingRow row(const Setting<Seconds>& s) { return number_row(s, "seconds"); }
SettingRow row(const Setting<Octets>& s) { return number_row(s, "octets"); }
SettingRow row(const Setting<bool>& s) {
  return {s.key, "switch", s.fallback ? "1" : "0", "", "", s.effect, s.spec, s.says};
}
SettingRow row(const Setting<std::string_view>& s) {
  return {s.key, "text", std::string{s.fallback}, "", "", s.effect, s.spec, s.says};
}

template <typename T>
std::int64_t in_range(const SettingsSnapshot::Values& values, const Setting<T>& s) {
  const auto it = values.find(s.key);
  if (it == values.end()) return count(s.fallback);
  const auto n = read_number(it->second);
  if (!n) return count(s.fallback);
  return std::clamp(*n, count(s.least), count(s.most));
}

}  // namespace

std::string_view word(Effect effect) {
  switch (effect) {
    case Effect::at_once:
      return "at once";
    case Effect::next_message:
      return "next message";
    case Effect::next_connection:
      return "next connection";
    case Effect::restart:
      return "restart";
  }
  return "restart";
}

std::span<const SettingRow> all_settings() {
  static const auto rows =
      [](const auto&... settings) {
        return std::vector<SettingRow>{row(settings)...};
      }(kHostName, kDefaultDomain, kPostmaster, kLocalNetworks, kMessageMost, kMaxHops, kRecipientsMost, kSmtpTimeout,
        kSmtpNul, kSmtpAuthentication, kSmtpInternalWithoutAuth, kSmtpAuthenticatedMayRelay, kSmtpEncryption,
        kSmtpDsnOff, kSmtpRefusePercent, kSmtpRefuseHello, kSmtpVerify, kSmtpSessions, kSmtpSessionsFromAddress,
        kPop3Timeout, kMailboxLockWait, kImapTimeout, kImapSessionsMost, kImapIdle, kImapFailedLogins, kRelayHost,
        kRelayUser, kRelayPassword, kRelayTls, kQueueRetry, kQueueRetryMost, kQueueWarning, kQueueLifetime,
        kFinishedKept, kTraceKept, kRecoverablePasswords, kPasswordLeast, kRequireEncryptedLogin, kLockAfter, kLockFor,
        kLockWebOnLoopback, kBlockAfter, kBlockPeriod, kBlockFor, kPop3FailuresMost, kPop3Hold, kSpamFilter,
        kFilterTimeout, kSpamThreshold, kSpamFolder, kQuarantineEnabled, kQuarantineKeepDays, kQuarantineReportTimes,
        kQuarantineReportRecipient, kWebAddress, kLearnFromMoves, kLearnedKeepDays, kGeoIpDatabase, kScriptWeb,
        kScriptWebPrivate, kScriptWebProxy, kHistoricalLogging, kHistoryKeepDays);
  return rows;
}

const SettingRow* find_setting(std::string_view key) {
  for (const auto& r : all_settings())
    if (same(r.key, key)) return &r;
  return nullptr;
}

std::optional<std::string> objection(const SettingRow& row, std::string_view value) {
  if (row.type == "text") return std::nullopt;
  if (row.type == "switch") {
    if (read_switch(value)) return std::nullopt;
    return std::string{row.key} + ": 0 or 1 is needed";
  }
  const auto n = read_number(value);
  const auto least = read_number(row.least);
  const auto most = read_number(row.most);
  if (n && (!least || *n >= *least) && (!most || *n <= *most)) return std::nullopt;
  return std::string{row.key} + ": a number" + (row.type == "number" ? "" : " of " + std::string{row.type}) + " from " +
         row.least + " to " + row.most + " is needed";
}

std::string settings_manual() {
  std::string out =
      "# Settings\n\nMade from the table in `server/base/settings.h`. Change one with `pennypost settings set NAME "
      "VALUE`; "
      "names may be written in any case.\n\n| name | kind | default | from - to | counts from | follows | |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const auto& r : all_settings()) {
    out += "| `" + std::string{r.key} + "` | " + std::string{r.type} + " | " +
           (r.fallback.empty() ? "empty" : "`" + r.fallback + "`") + " | " +
           (r.least.empty() ? "" : r.least + " - " + r.most) + " | " + std::string{word(r.effect)} + " | " +
           (r.spec.starts_with("DESIGN") ? "" : "spec ") + std::string{r.spec} + " | " + std::string{r.says} + " |\n";
  }
  return out;
}

bool NoCaseLess::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

bool SettingsSnapshot::get(const Setting<bool>& s) const {
  const auto it = values_.find(s.key);
  return it == values_.end() ? s.fallback : read_switch(it->second).value_or(s.fallback);
}
std::int64_t SettingsSnapshot::get(const Setting<std::int64_t>& s) const { return in_range(values_, s); }
Seconds SettingsSnapshot::get(const Setting<Seconds>& s) const { return Seconds{in_range(values_, s)}; }
Octets SettingsSnapshot::get(const Setting<Octets>& s) const { return {in_range(values_, s)}; }
std::string SettingsSnapshot::get(const Setting<std::string_view>& s) const {
  const auto it = values_.find(s.key);
  return it == values_.end() ? std::string{s.fallback} : it->second;
}
std::optional<std::string> SettingsSnapshot::text(std::string_view key) const {
  const auto it = values_.find(key);
  if (it == values_.end()) return std::nullopt;
  return it->second;
}

}  // namespace pennypost
