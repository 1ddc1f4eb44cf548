// One message on its way (see the header).
#include "server/delivery/run.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/base/text.h"
#include "server/message/header.h"

namespace pennypost::delivery {
namespace {

/// The ranges of a message that has got `octets` more in front of it.
void shift(message::Message& m, std::string_view raw, std::uint64_t octets) {
  m.raw = raw;
  for (std::size_t i = 0; i < m.tree.parts.size(); ++i) {
    auto& part = m.tree.parts[i];
    if (i > 0) part.header_begin += octets;
    part.body_begin += octets;
    part.end += octets;
  }
}

constexpr std::size_t kMostTracedId = 900;  // octets: an index row of the database is limited

}  // namespace

Run::Run(Mail m, const std::string& name, std::shared_ptr<const SettingsSnapshot> s)
    : mail{std::move(m)}, host_name{name}, at{now()}, settings{std::move(s)} {
  trace.trace_id = random_name(12);
}

void Run::line(std::string_view stage, std::string_view verdict, std::string why) {
  trace.lines.push_back({now(), std::string{stage}, std::string{verdict}, std::move(why)});
}

void Run::know_message_id(std::string_view field) {
  if (!trace.message_id.empty()) return;
  const auto id = trim(field);
  const bool framed = id.size() > 2 && id.front() == '<' && id.back() == '>';
  trace.message_id = printable(framed ? id.substr(1, id.size() - 2) : id, kMostTracedId);
}

std::string Run::recipients() const {
  if (mail.envelope.recipients.empty()) return "nobody";
  auto out = "<" + mail.envelope.recipients.front().address + ">";
  if (mail.envelope.recipients.size() > 1)
    out += " and " + std::to_string(mail.envelope.recipients.size() - 1) + " more";
  return out;
}

void Run::apply_edits() {
  auto& content = mail.content;
  const auto header = message.header();
  if (edits.removed().empty() && edits.below().empty()) {
    auto above = edits.above();
    if (above.empty()) return;
    const bool continues = !message.raw.empty() && is_blank(message.raw.front());
    if (header.empty() && !message.raw.empty()) above += "\r\n";  // no header of its own: the text must not become one
    const int moved = content.moved();
    content.replace_front(0, above);
    if (continues || header.empty() || content.moved() != moved)
      message = message::parse(content.octets());
    else
      shift(message, content.octets(), above.size());
    return;
  }
  std::string fresh = edits.above();
  for (const auto& field : message::Fields{header}) {
    const bool goes = std::ranges::any_of(edits.removed(), [&](const std::string& name) { return field.is(name); });
    if (!goes) fresh += field.all;
  }
  if (!fresh.empty() && fresh.back() != '\n') fresh += "\r\n";
  fresh += edits.below();
  fresh += "\r\n";
  content.replace_front(header.size(), fresh);
  message = message::parse(content.octets());
}

}  // namespace pennypost::delivery
