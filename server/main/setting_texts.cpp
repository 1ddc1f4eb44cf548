// Texts of settings (see the header). An empty text is always one: it switches off, or goes back to what comes of
// itself.
#include "server/main/setting_texts.h"

#include <array>

#include "server/base/settings.h"
#include "server/base/text.h"
#include "server/filter/quarantine_report.h"
#include "server/smtp/relay.h"
#include "server/store/folders.h"

namespace pennypost::main_program {
namespace {

using Objection = std::optional<std::string>;

template <typename T>
Objection reason_of(const Result<T>& read) {
  return read ? Objection{} : read.error().for_client;
}

Objection to_networks(std::string_view value) {
  for (const auto part : split(value, ';'))
    if (!smtp::read_network(part)) return "a network is written 192.168.0.0/16 or 2001:db8::/32: " + printable(part);
  return std::nullopt;
}

Objection to_recipient(std::string_view value) {
  if (filter::can_be_recipient(value)) return std::nullopt;
  return "neither an address nor a user: " + printable(value);
}

struct Check {
  std::string_view name;
  Objection (*objection)(std::string_view value);
};
constexpr auto kChecks = std::to_array<Check>({
    {kSpamFolder.key, [](std::string_view value) { return reason_of(store::check_folder_name(value)); }},
    {kQuarantineReportTimes.key, [](std::string_view value) { return reason_of(filter::read_times(value)); }},
    {kQuarantineReportRecipient.key, to_recipient},
    {kLocalNetworks.key, to_networks},
});

}  // namespace

std::optional<std::string> objection_to_text(std::string_view name, std::string_view value) {
  if (value.empty()) return std::nullopt;
  for (const Check& check : kChecks) {
    if (!same_word(check.name, name)) continue;
    if (const auto why = check.objection(value)) return std::string{check.name} + ": " + *why;
  }
  return std::nullopt;
}

}  // namespace pennypost::main_program
